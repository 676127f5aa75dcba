// Does anything of a project live that no supervisor knows of? For a project without any state: a look, nothing more.
import { readdirSync, readFileSync } from 'node:fs';
import { noncePrefix, type ProjectPaths } from '../api/paths.ts';

/** @returns false also where there is no /proc to look at. */
export function hasOrphans({ root }: ProjectPaths): boolean {
  const mark = `\0ORCH_NONCE=${noncePrefix(root)}`;
  return listPids().some((pid) => `\0${environmentOf(pid)}`.includes(mark));
}

function listPids(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  } catch {
    return []; // no /proc on this system
  }
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // ended meanwhile, or another user's
  }
}
