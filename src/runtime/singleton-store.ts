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
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Incarnation, SingletonPolicy } from '../core/model.ts';
import { errnoOf, platform } from './host.ts';
import { isAlive } from './identity.ts';
import { ensurePrivateDir, UnsafeDirectoryError } from './secure-dir.ts';

export type SingletonScope = SingletonPolicy['scope'];
export type SingletonRecord = {
  key: string;
  /** `holder`: the process that holds the key; `claim`: the supervisor that is about to replace the holder. */
  process: Incarnation;
  projectRoot: string;
  instance: string;
  /** ISO 8601. */
  since: string;
};
type RecordKind = 'holder' | 'claim';

const MAX_RECORD_BYTES = 64 * 1024;
const OURSELVES = process.getuid?.() ?? 0;

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
  if (platform !== 'win32' && !sticky && stat.uid !== OURSELVES) {
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
export function readLive(base: string, kind: RecordKind): SingletonRecord | null {
  for (const path of recordPaths(base, kind)) {
    const record = readTrusted(path);
    if (record !== null && isAlive(record.process)) return record;
  }
  return null;
}

export function writeRecord(base: string, kind: RecordKind, record: SingletonRecord): void {
  const path = recordPath(base, kind);
  const draft = `${path}.${process.pid}.tmp`;
  writeFileSync(draft, JSON.stringify(record), { flag: 'wx', mode: 0o644 });
  renameSync(draft, path);
}

/** Removes our user's record if it (still) names this process. */
export function removeRecord(base: string, kind: RecordKind, named: Incarnation): void {
  const path = recordPath(base, kind);
  const record = readTrusted(path);
  if (record === null || record.process.pid !== named.pid || record.process.startTime !== named.startTime) return;
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function recordPath(base: string, kind: RecordKind): string {
  return `${base}.${OURSELVES}.${kind}`;
}

function recordPaths(base: string, kind: RecordKind): string[] {
  const directory = join(base, '..');
  const prefix = base.slice(directory.length + 1);
  const mine = (name: string) => name.startsWith(`${prefix}.`) && name.endsWith(`.${kind}`);
  return readdirSync(directory)
    .filter(mine)
    .map((name) => join(directory, name));
}

/**
 * Null for what cannot be relied on. A record may only speak of processes of the user who wrote it (root: of
 * everybody's): otherwise any user could have a supervisor of root end a process of his choice.
 */
function readTrusted(path: string): SingletonRecord | null {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null; // removed meanwhile, or a link that somebody planted
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_RECORD_BYTES) return null;
    const record = JSON.parse(readFileSync(fd, 'utf8')) as SingletonRecord;
    if (!isRecord(record)) return null;
    return stat.uid === 0 || stat.uid === ownerOf(record.process.pid) || platform === 'win32' ? record : null;
  } catch {
    return null; // not JSON: nobody of us wrote it, for we rename whole files into place
  } finally {
    closeSync(fd);
  }
}

function isRecord(value: SingletonRecord): boolean {
  const { process: named } = value ?? {};
  return typeof named?.pid === 'number' && typeof named.startTime === 'string' && typeof named.nonce === 'string';
}

/** The user a process runs as; null once it has gone. */
export function ownerOf(pid: number): number | null {
  try {
    return platform === 'linux' ? statSync(`/proc/${pid}`).uid : OURSELVES;
  } catch {
    return null; // gone
  }
}
