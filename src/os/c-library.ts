// The C library of a Linux system, through the optional package koffi (docs/decisions/0105), for the few calls that Node
// lacks. Every caller works without it.
import { createRequire } from 'node:module';
import { platform } from './platform.ts';

export type NativeFunction = (...args: unknown[]) => number;
export type CLibrary = { func(prototype: string): NativeFunction };

let loaded: CLibrary | null | undefined;

/** Loaded at the first call, in about 10 ms. @returns null on other systems, and where koffi cannot be loaded. */
export function cLibrary(): CLibrary | null {
  if (loaded === undefined) loaded = platform === 'linux' ? load() : null;
  return loaded;
}

/**
 * @param bind takes the functions that it needs; it may throw where this C library lacks one, or return null
 * @returns a function that binds at its first call, and returns null where that is not possible
 */
export function bindOnce<T>(bind: (library: CLibrary) => T | null): () => T | null {
  let bound: T | null | undefined;
  return () => {
    if (bound === undefined) bound = tryToBind(bind);
    return bound;
  };
}

function tryToBind<T>(bind: (library: CLibrary) => T | null): T | null {
  try {
    const library = cLibrary();
    return library === null ? null : bind(library);
  } catch {
    return null; // this C library lacks one of the functions
  }
}

function load(): CLibrary | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as { load(library: null): CLibrary };
    return koffi.load(null);
  } catch {
    return null; // not installed (it is optional), or not built for this machine
  }
}
