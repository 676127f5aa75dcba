// Explains why a program could not be started. Runs only after a failure, so it may read files.
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { findProgram } from '../platform.ts';

type StartAttempt = { file: string; args: string[]; cwd: string; env: Record<string, string> };

/** @returns a sentence with the path that failed, and a hint where one helps */
export function explainSpawnFailure(attempt: StartAttempt, errno: string): string {
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EACCES':
    case 'ENOEXEC':
    case 'EPERM':
      return explainPath(attempt, errno);
    case 'E2BIG':
      return `the arguments and the environment together are too large (${sizeOf(attempt)}); pass the bulk in a file`;
    case 'EAGAIN':
      return 'the machine refuses more processes for now (EAGAIN: limit on processes, see ulimit -u)';
    case 'EMFILE':
    case 'ENFILE':
      return `no file descriptors left (${errno}; raise the limit, see ulimit -n)`;
    case 'ENOMEM':
      return 'not enough memory to start a process (ENOMEM)';
    case 'ELOOP':
      return `too many symbolic links on the way to ${attempt.file}`;
    case 'ERR_INVALID_ARG_VALUE':
      return 'a NUL character in the command, the working directory or the environment';
    default:
      return `the system refused to start ${attempt.file} (${errno})`;
  }
}

/** The directory, the command and its interpreter fail with the same errno: find out which one it was. */
function explainPath(attempt: StartAttempt, errno: string): string {
  const cwd = kindOf(attempt.cwd);
  if (cwd === 'missing') return `the working directory does not exist: ${attempt.cwd}`;
  if (cwd !== 'directory') return `the working directory is not a directory: ${attempt.cwd}`;
  if (!canAccess(attempt.cwd, constants.X_OK)) return `no permission to enter the working directory: ${attempt.cwd}`;
  const command = locateCommand(attempt);
  if (command === null) return `command not found: ${attempt.file} (looked in PATH)${notExecutableHint(attempt)}`;
  switch (kindOf(command)) {
    case 'missing':
      return `command not found: ${attempt.file}${command === attempt.file ? '' : ` (looked at ${command})`}`;
    case 'directory':
      return `the command is a directory: ${command}`;
    case 'other':
      return `the command is not a regular file: ${command}`;
    case 'file':
      return explainFile(command, errno);
  }
}

function explainFile(command: string, errno: string): string {
  if (!canAccess(command, constants.X_OK)) return `the command is not executable: ${command} (chmod +x ${command})`;
  const interpreter = interpreterOf(command);
  if (interpreter !== null && errno !== 'ENOEXEC') {
    return `the interpreter in the first line of ${command} cannot be run: ${interpreter}`;
  }
  if (errno === 'ENOEXEC') return `not a program for this machine: ${command} (is the #! line missing?)`;
  return `the system refused to run ${command} (${errno})`;
}

/** Where the system searches for the command: as given when it has a slash, else along the child's PATH. */
function locateCommand({ file, cwd, env }: StartAttempt): string | null {
  if (isAbsolute(file)) return file;
  return file.includes('/') ? join(cwd, file) : findProgram(file, env.PATH ?? '/bin:/usr/bin');
}

function notExecutableHint({ file, env, cwd }: StartAttempt): string {
  const places = [...(env.PATH ?? '').split(delimiter).filter((place) => place !== ''), cwd];
  const found = places.map((place) => join(place, file)).find((path) => kindOf(path) === 'file');
  if (found === undefined) return '';
  return canAccess(found, constants.X_OK)
    ? `; ${found} exists: write ./${file}`
    : `; ${found} exists but is not executable`;
}

/** The text behind `#!`, or null. */
function interpreterOf(path: string): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const start = Buffer.alloc(128);
    const length = readSync(fd, start, 0, start.length, 0);
    return /^#![ \t]*([^\r\n]+)/.exec(start.toString('utf8', 0, length))?.[1]?.trim() ?? null;
  } catch {
    return null; // unreadable: the failure is explained without it
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

function kindOf(path: string): 'missing' | 'directory' | 'file' | 'other' {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? 'directory' : stat.isFile() ? 'file' : 'other';
  } catch {
    return 'missing'; // or in a directory that we may not enter, which is the same for the child
  }
}

function canAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false; // the error is the answer
  }
}

function sizeOf({ args, env }: StartAttempt): string {
  const texts = [...args, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text) + 1, 0);
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
