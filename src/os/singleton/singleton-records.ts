// The shared directory in which supervisors tell each other who holds a singleton key: one record of the holder and one
// of whoever is about to replace it, per key and user. Reads and writes them; takes no decision and ends nobody.
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
import { homedir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import type { Incarnation, SingletonPolicy } from '../../core/model.ts';
import { isResourceShortage } from '../descriptor-reserve.ts';
import { errnoOf } from '../errors.ts';
import { platform } from '../platform.ts';
import { ensurePrivateDir, UnsafeDirectoryError } from '../private-dir.ts';
import { isAlive } from '../process/identity.ts';

export type SingletonScope = SingletonPolicy['scope'];
export type SingletonRecord = {
  key: string;
  /**
   * `holder`: the process that holds the key. `claim`: the supervisor that is about to start one, with the nonce of
   * the process to be: found by it if the supervisor dies between the start and its record.
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

/** @throws UnsafeDirectoryError */
export function singletonDir(scope: SingletonScope, projectRoot: string): string {
  const shared = process.env.ORCH_SINGLETON_DIR;
  if (scope === 'project') return privateDir(join(projectRoot, '.orch', 'run', 'singletons'));
  if (shared) return privateDir(join(shared, scope));
  if (scope === 'user') return privateDir(join(stateHome(), 'orch', 'singletons'));
  return hostDir(
    platform === 'win32' ? join(process.env.ProgramData ?? 'C:\\ProgramData', 'orch-singletons') : HOST_DIR,
  );
}

/** One place for all users, whatever their TMPDIR; records do not outlive a boot anyway. */
const HOST_DIR = '/tmp/orch-singletons';

function stateHome(): string {
  return process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state');
}

function privateDir(path: string): string {
  ensurePrivateDir(path);
  return path;
}

/** Everybody may add records, nobody may touch another's: mode 1777, as /tmp itself. */
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

/** Common beginning of the files of a key: readable, and unique also where the key has characters that a name may not. */
export function singletonBase(directory: string, key: string): string {
  const slug = key.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  return join(directory, `${slug}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`);
}

/** The live one, or null. Records of the dead count as none: nobody has to clean up after a crash. */
export function readLiveRecord(base: string, kind: RecordKind): SingletonRecord | null {
  const live = readRecords(base).find((written) => written.kind === kind && isAlive(written.record.process));
  return live !== undefined && mayWriterName(live, live.record.process.pid) ? live.record : null;
}

/** Every record of the key, whoever wrote it, dead or alive. */
export function readRecords(base: string): WrittenRecord[] {
  const prefix = `${basename(base)}.`;
  return readdirSync(dirname(base))
    .filter((name) => name.startsWith(prefix))
    .flatMap((name) => readRecord(join(dirname(base), name)) ?? []);
}

/**
 * A record may only speak of processes of the user who wrote it (root: of everybody's): otherwise any user could have
 * a supervisor of root end a process of his choice.
 */
export function mayWriterName({ uid }: WrittenRecord, pid: number): boolean {
  return platform === 'win32' || uid === 0 || uid === ownerOf(pid);
}

/** Written by ourselves or by root: then its nonce is believed, too. Anybody else may have copied it from a stranger's record. */
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
    // On a full disk an empty one is left, which would be in the way of the next attempt.
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

/** Null for what is no whole record: renamed into place they are never half written. */
function readRecord(path: string): WrittenRecord | null {
  const kind = extname(path).slice(1);
  if (kind !== 'holder' && kind !== 'claim') return null;
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isResourceShortage(error)) throw error; // somebody may hold the key
    return null; // removed meanwhile, or a link that somebody planted
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_RECORD_BYTES) return null;
    const record = JSON.parse(readFileSync(fd, 'utf8')) as SingletonRecord;
    return isRecord(record) ? { record, kind, uid: stat.uid } : null;
  } catch {
    return null; // not JSON: none of ours
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
