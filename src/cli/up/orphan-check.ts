// Has a supervisor been killed, and left something of a project? A look, nothing more.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { noncePrefix, type ProjectPaths } from '../../api/paths.ts';

/**
 * Only where no supervisor answers: what an earlier one left, living or only remembered. One that went down properly
 * leaves no state behind.
 */
export const hasOrphanedState = (paths: ProjectPaths): boolean =>
  existsSync(paths.stateFile) || hasOrphanProcesses(paths);

/** @returns false also where there is no /proc to look at. */
function hasOrphanProcesses({ root }: ProjectPaths): boolean {
  const mark = `\0ORCH_NONCE=${noncePrefix(root)}`;
  return listPids().some((pid) => `\0${environmentOfPid(pid)}`.includes(mark));
}

function listPids(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  } catch {
    return []; // no /proc on this system
  }
}

function environmentOfPid(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return ''; // ended meanwhile, or another user's
  }
}
