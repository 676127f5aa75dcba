// Has a supervisor been killed, and left something of a project? A look, nothing more.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { noncePrefix, type ProjectPaths } from '../api/paths.ts';

/**
 * Only where no supervisor answers: what an earlier one left, living or only remembered. One that went down properly
 * leaves no state behind.
 */
export const hasRemains = (paths: ProjectPaths): boolean => existsSync(paths.stateFile) || hasOrphans(paths);

/** @returns false also where there is no /proc to look at. */
function hasOrphans({ root }: ProjectPaths): boolean {
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
