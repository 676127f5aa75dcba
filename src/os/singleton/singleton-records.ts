// The shared directory of singleton records: for each key and user one record of the holder, and one of the claimant that
// is about to replace it. Reads and writes records; decides nothing and ends no process.

import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import type { Incarnation } from '../../core/slot.ts';
import type { SingletonPolicy } from '../../core/spec.ts';
import { isResourceShortage } from '../descriptor-reserve.ts';
import { errnoOf } from '../errors.ts';
import { platform } from '../platform.ts';
import { ensurePrivateDir, UnsafeDirectoryError } from '../private-dir.ts';
import { isAlive } from '../process/identity.ts';

export type SingletonScope = SingletonPolicy['scope'];
export type SingletonRecord = {
  key: string;
  /**
   * `holder`: the process that holds the key. `claim`: the supervisor that is about to start one, with the nonce of the
   * coming process, which finds it if the supervisor dies between the start and the record.
   */
  process: Incarnation;
  projectRoot: string;
  instance: string;
  /** ISO 8601. */
  since: string;
};
type RecordKind = 'holder' | 'claim';
/** A record and the user who wrote it. */
export type WrittenRecord = { record: SingletonRecord; kind: RecordKind; uid: number };

const MAX_RECORD_BYTES = 64 * 1024;
const OWN_UID = process.getuid?.() ?? 0;

/**
 * Does not depend on the environment, but for ORCH_SINGLETON_DIR: two clones with another HOME must find each other.
 * @param stateDir of the project
 * @throws UnsafeDirectoryError
 */
export function singletonDir(scope: SingletonScope, stateDir: string): string {
  const shared = process.env.ORCH_SINGLETON_DIR;
  if (scope === 'project') return privateDir(join(stateDir, 'run', 'singletons'));
  if (shared) return privateDir(join(shared, scope));
  if (scope === 'user') return userDir();
  return hostDir(
    platform === 'win32' ? join(process.env.ProgramData ?? 'C:\\ProgramData', 'orch-singletons') : HOST_DIR,
  );
}

/**
 * That of `singletonDir` first; then, if it exists, the one in which an earlier version keeps its records with this
 * environment: its supervisors may still run.
 */
export function singletonDirs(scope: SingletonScope, stateDir: string): string[] {
  const directory = singletonDir(scope, stateDir);
  if (scope !== 'user' || process.env.ORCH_SINGLETON_DIR) return [directory];
  const former = join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'orch', 'singletons');
  return former === directory || !isOwnDirectory(former) ? [directory] : [directory, former];
}

/** The same for all users, whatever their TMPDIR; records are worthless after a boot anyway. */
const HOST_DIR = '/tmp/orch-singletons';

/** In the home directory that the system has on record; where there is none that can be written to, in /tmp. */
function userDir(): string {
  try {
    return privateDir(join(userInfo().homedir, '.local', 'state', 'orch', 'singletons'));
  } catch (error) {
    const isWithoutHome = !(error instanceof UnsafeDirectoryError) || error.reason === 'not-creatable';
    if (!isWithoutHome) throw error;
    const directory = `/tmp/orch-${OWN_UID}`;
    privateDir(directory);
    return privateDir(join(directory, 'singletons'));
  }
}

function isOwnDirectory(path: string): boolean {
  try {
    const stat = lstatSync(path);
    return stat.isDirectory() && (platform === 'win32' || stat.uid === OWN_UID);
  } catch {
    return false; // missing, or not accessible
  }
}

function privateDir(path: string): string {
  ensurePrivateDir(path);
  return path;
}

/** Every user may add records, and change only their own: mode 1777, as /tmp itself. */
function hostDir(path: string): string {
  try {
    mkdirSync(path);
    chmodSync(path, 0o1777);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  const stat = lstatSync(path);
  if (stat.isSymbolicLink() || !stat.isDirectory()) {
    throw new UnsafeDirectoryError(path, 'symlink', `${path} is not a real directory: remove it`);
  }
  const sticky = (stat.mode & 0o1777) === 0o1777;
  if (platform !== 'win32' && !sticky && stat.uid !== OWN_UID) {
    throw new UnsafeDirectoryError(path, 'foreign-owner', `${path} is not shared: its owner must chmod 1777 it`);
  }
  return path;
}

/** Common prefix of the files of a key: readable, and unique even where the key has characters that a name may not have. */
export function singletonBase(directory: string, key: string): string {
  const slug = key.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  return join(directory, `${slug}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`);
}

/** The record of a live process, or null. Records of dead ones do not count, so a crash needs no cleaning up. */
export function readLiveRecord(base: string, kind: RecordKind): SingletonRecord | null {
  const live = readRecords(base).find((written) => written.kind === kind && isAlive(written.record.process));
  return live !== undefined && mayWriterName(live, live.record.process.pid) ? live.record : null;
}

/** Every record of the key, by any user, of dead and of live processes. */
export function readRecords(base: string): WrittenRecord[] {
  const prefix = `${basename(base)}.`;
  return readdirSync(dirname(base))
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => readRecord(join(dirname(base), name)) ?? []);
}

/**
 * A record may only name processes of the user who wrote it (root: of all users): otherwise any user could make a
 * supervisor of root end a chosen process.
 */
export function mayWriterName({ uid }: WrittenRecord, pid: number): boolean {
  return platform === 'win32' || uid === 0 || uid === ownerOf(pid);
}

/** Written by our user or by root: then its nonce is trusted, too. Another user may have copied it from any record. */
export function isTrusted({ uid }: WrittenRecord): boolean {
  return platform === 'win32' || uid === 0 || uid === OWN_UID;
}

export function writeRecord(base: string, kind: RecordKind, record: SingletonRecord): void {
  const path = recordPath(base, kind);
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify(record), { flag: 'wx', mode: 0o644 });
    renameSync(draft, path);
  } catch (error) {
    // On a full disk an empty draft remains, which would block the next attempt.
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Removes our user's record if it (still) names this process. */
export function removeRecord(base: string, kind: RecordKind, named: Incarnation): void {
  const path = recordPath(base, kind);
  const there = readRecord(path)?.record.process;
  if (there?.pid !== named.pid || there.startTime !== named.startTime || there.nonce !== named.nonce) return;
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function recordPath(base: string, kind: RecordKind): string {
  return `${base}.${OWN_UID}.${kind}`;
}

/** Null for anything but a complete record: as records are renamed into place, they are never half written. */
function readRecord(path: string): WrittenRecord | null {
  const kind = extname(path).slice(1);
  if (kind !== 'holder' && kind !== 'claim') return null;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isResourceShortage(error)) throw error; // the key may be held
    return null; // removed meanwhile, or a symbolic link of another user
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_RECORD_BYTES) return null;
    const record = JSON.parse(readFileSync(fd, 'utf8')) as SingletonRecord;
    return isRecord(record) ? { record, kind, uid: stat.uid } : null;
  } catch {
    return null; // not JSON: not a record of orch
  } finally {
    closeSync(fd);
  }
}

function isRecord({ process: named, instance, projectRoot }: SingletonRecord): boolean {
  const texts = [named.startTime, named.nonce, named.bootId, instance, projectRoot];
  return Number.isInteger(named.pid) && texts.every((text) => typeof text === 'string') && named.nonce !== '';
}

/** The user a process runs as; null once it has gone. */
function ownerOf(pid: number): number | null {
  try {
    return platform === 'linux' ? statSync(`/proc/${pid}`).uid : OWN_UID;
  } catch {
    return null; // gone
  }
}
