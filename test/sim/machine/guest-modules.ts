// The modules that a simulated process may require: Node's own where they are pure, the machine's where they touch it.
import crypto from 'node:crypto';
import events from 'node:events';
import os from 'node:os';
import path from 'node:path';
import stream from 'node:stream';
import url from 'node:url';
import util from 'node:util';
import zlib from 'node:zlib';
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
        parseArgs: (config: object) => util.parseArgs({ ...config, args: guest.options.argv }),
      };
    default:
      return PURE[name] ?? absent(name);
  }
}

/** Copies: the modules themselves have getters, which are slow. */
const CRYPTO = { ...crypto };
const UTIL = { ...util };
const PURE: Record<string, unknown> = { events, path, stream, url, zlib };

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
