// The modules that a simulated process may require: Node's own where they are pure, the machine's where they touch it.
import crypto from 'node:crypto';
import events from 'node:events';
import os from 'node:os';
import path from 'node:path';
import stream from 'node:stream';
import url from 'node:url';
import util from 'node:util';
import type { Guest } from './guest.ts';
import { fakeChildProcess } from './guest-children.ts';
import { fakeFiles, fakePromisedFiles } from './guest-files.ts';

/** @returns what stands for `require`. */
export function fakeModules(guest: Guest): (name: string) => unknown {
  const made = new Map<string, unknown>();
  return (name) => {
    const bare = name.replace(/^node:/, '');
    if (!made.has(bare)) made.set(bare, makeModule(bare, guest));
    return made.get(bare);
  };
}

function makeModule(name: string, guest: Guest): unknown {
  const { schedule, chance } = guest.machine;
  switch (name) {
    case 'fs':
      return fakeFiles(guest);
    case 'fs/promises':
      return fakePromisedFiles(guest);
    case 'child_process':
      return fakeChildProcess(guest);
    case 'perf_hooks':
      return { performance: { now: () => schedule.nowMs } };
    case 'timers/promises':
      return {
        setTimeout: (ms: number, value?: unknown, options?: { signal?: AbortSignal }) =>
          sleep(guest, Math.max(1, Math.ceil(ms)), value, options?.signal),
        setImmediate: (value?: unknown) => sleep(guest, 0, value),
      };
    case 'crypto':
      return {
        ...CRYPTO,
        createHash: fakeHash,
        randomBytes: (size: number) => Buffer.from(Array.from({ length: size }, () => chance.between(0, 255))),
      };
    case 'os':
      return {
        constants: os.constants,
        homedir: () => guest.options.variables.HOME,
        userInfo: () => ({ homedir: '/home' }),
        tmpdir: () => '/tmp',
        platform: () => 'linux',
      };
    case 'util':
      return {
        ...UTIL,
        parseArgs: () => ({ values: valuesOf(guest.options.argv) }),
      };
    case 'zlib':
      return guest.machine.archive;
    default:
      return PURE[name] ?? absent(name);
  }
}

/** Copies: the modules themselves have getters, which are slow. */
const CRYPTO = { ...crypto };
const UTIL = { ...util };
const PURE: Record<string, unknown> = { events, path, stream, url };

/** The simulated command lines are `--name value` pairs. */
const valuesOf = (argv: string[]): Record<string, string> =>
  Object.fromEntries(argv.flatMap((word, index) => (index % 2 === 0 ? [[word.slice(2), argv[index + 1]!]] : [])));

/** Digests of texts: every supervisor of a project hashes the same paths and keys. */
const digests = new Map<string, string>();
const MAX_DIGESTS = 10_000;

function fakeHash(algorithm: string) {
  let text = '';
  let hash: crypto.Hash | null = null;
  return {
    update(data: string | Buffer) {
      if (typeof data === 'string' && hash === null) text += data;
      else hash = (hash ?? crypto.createHash(algorithm).update(text)).update(data);
      return this;
    },
    digest(encoding: 'hex'): string {
      if (hash !== null || text.length > MAX_HASHED_CHARS)
        return (hash ?? crypto.createHash(algorithm).update(text)).digest(encoding);
      const key = `${algorithm} ${encoding} ${text}`;
      const known = digests.get(key) ?? crypto.createHash(algorithm).update(text).digest(encoding);
      if (digests.size < MAX_DIGESTS) digests.set(key, known);
      return known;
    },
  };
}

/** Longer ones are contents, of which there are many. */
const MAX_HASHED_CHARS = 200;

/** A module that is loaded and, in these scenarios, never used. */
function absent(name: string): unknown {
  return new Proxy(
    {},
    {
      get: (_, key) =>
        key === '__esModule' || key === 'default'
          ? undefined
          : () => {
              throw new Error(`the simulated machine has no ${name}.${String(key)}`);
            },
    },
  );
}

function sleep(guest: Guest, ms: number, value: unknown, signal?: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
    };
    if (signal?.aborted) return reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
    signal?.addEventListener('abort', abort);
    const cancel = guest.later(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
  });
}
