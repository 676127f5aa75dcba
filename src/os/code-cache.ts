// Starts a program of this package from the code that V8 compiled at an earlier start: compiling takes longer than what most
// commands do (decision 0405). Without a usable cache the program is compiled as always, and leaves a cache for the next start.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { withUsualFlags } from '../v8/flags.ts';

export type CachedProgram = {
  /** Such as `supervisor`. */
  name: string;
  /** Names the text of the program: another text has another cache. */
  build: string;
  /** What it is started for. A cache has only what was compiled for that. Default: always the same. */
  purpose?: string;
};

/** A long-lived process writes its cache when its start is over and most of what it does has been compiled. */
const WRITE_AFTER_MS = 3000;
/** A cache of another build is removed at this age: another installation may still use it. */
const STALE_MS = 30 * 24 * 3_600_000;
const WRAPPER = ['(function (exports, require, module, __filename, __dirname, __import) { ', '\n})'] as const;

type ModuleFunction = (
  exports: unknown,
  require: NodeJS.Require,
  module: NodeJS.Module,
  filename: string,
  directory: string,
  importModule: ImportModule,
) => void;
type ImportModule = (specifier: string) => Promise<unknown>;

/**
 * Runs `NAME.program.cjs`, which is next to the entry file, as if it were the entry file itself.
 * @param entry the module of the entry file
 * @param importModule what `import()` is in the entry file: code of a cache has none of its own, and the build calls this one
 */
export function runProgram(
  program: CachedProgram,
  entry: NodeJS.Module,
  require: NodeJS.Require,
  importModule: ImportModule,
): void {
  const directory = dirname(entry.filename);
  // The build writes ASCII only; read as such, the text takes one byte a character.
  const text = readFileSync(join(directory, `${program.name}.program.cjs`), 'latin1');
  const cache = cacheFile(program, process.env);
  const cachedData = cache === null ? undefined : readCache(cache);
  const script = new Script(WRAPPER[0] + text + WRAPPER[1], {
    filename: entry.filename,
    columnOffset: -WRAPPER[0].length,
    cachedData,
  });
  if (cache !== null && (cachedData === undefined || script.cachedDataRejected)) writeLater(cache, script);
  const run = script.runInThisContext() as ModuleFunction;
  run(entry.exports, require, entry, entry.filename, directory, importModule);
}

/** @returns null: this user has no directory for it, or wants none */
export function cacheFile(
  { name, build, purpose = 'any' }: CachedProgram,
  environment: NodeJS.ProcessEnv,
): string | null {
  const { XDG_CACHE_HOME, HOME, LOCALAPPDATA, ORCH_NO_CODE_CACHE } = environment;
  const parent = XDG_CACHE_HOME || (HOME && join(HOME, '.cache')) || LOCALAPPDATA;
  if (!parent || ORCH_NO_CODE_CACHE) return null;
  return join(parent, 'orch', 'code', `${name}-${purpose}-${build}-${process.version}-${process.arch}`);
}

/** Never what another user could have written: it would run as this user. */
function readCache(path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const { uid, mode } = fstatSync(fd);
    const isOwn = process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
    return isOwn ? readFileSync(fd) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function writeLater(path: string, script: Script): void {
  let isWritten = false;
  const write = (): void => {
    if (isWritten) return;
    isWritten = true;
    clearTimeout(timer);
    process.off('exit', write);
    try {
      // V8 refuses code that was compiled with other flags than those of the next start.
      writeCache(
        path,
        withUsualFlags(() => script.createCachedData()),
      );
    } catch {
      // A full or read-only disk: the next start compiles again.
    }
  };
  const timer = setTimeout(write, WRITE_AFTER_MS).unref();
  process.once('exit', write);
}

/** Whole, or not at all: several processes may do it at the same time. */
function writeCache(path: string, code: Buffer): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, code, { mode: 0o600 });
  renameSync(draft, path);
  const olderThanMs = Date.now() - STALE_MS;
  for (const name of readdirSync(directory)) {
    const other = join(directory, name);
    if (other !== path && statSync(other).mtimeMs < olderThanMs) rmSync(other, { force: true });
  }
}
