// The users and groups of this machine: /etc/passwd and /etc/group, and for names that are not there what getent(1) knows
// (a directory service). Looked up when the file is loaded, never by the supervisor, which must not wait for a network.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { UserAccount } from '../../core/run-as-spec.ts';

type Database = 'passwd' | 'group';

const LONGEST_LOOKUP_MS = 5_000;

/** @param name or an id, which needs no entry. @returns null: unknown */
export function findUser(name: string): UserAccount | null {
  const entry = findEntry('passwd', name);
  if (entry !== null) {
    const [found = name, , uid, gid, , home] = entry;
    return { name: found, uid: Number(uid), gid: Number(gid), home: home || '/', hasEntry: true };
  }
  return isId(name) ? { name, uid: Number(name), gid: Number(name), home: '/', hasEntry: false } : null;
}

/** @param name or an id, which needs no entry. @returns its id; null: unknown */
export function findGroup(name: string): number | null {
  if (isId(name)) return Number(name);
  const entry = findEntry('group', name);
  return entry === null ? null : Number(entry[2]);
}

export function accountNames(database: Database): string[] {
  return localEntries(database).map(([name = '']) => name);
}

const isId = (name: string): boolean => /^\d+$/.test(name);

function findEntry(database: Database, name: string): string[] | null {
  const isMatch = (entry: string[]): boolean => entry[0] === name || (isId(name) && entry[2] === name);
  const local = localEntries(database).find(isMatch);
  if (local !== undefined || name.startsWith('-')) return local ?? null;
  const { stdout } = spawnSync('getent', [database, name], { encoding: 'utf8', timeout: LONGEST_LOOKUP_MS });
  const entry = (stdout ?? '').split('\n')[0]!.split(':'); // null: no getent here
  return isMatch(entry) ? entry : null;
}

function localEntries(database: Database): string[][] {
  try {
    const lines = readFileSync(`/etc/${database}`, 'utf8').split('\n');
    return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(':'));
  } catch {
    return []; // a system without that file
  }
}
