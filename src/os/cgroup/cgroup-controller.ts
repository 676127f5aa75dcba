// Gives the cgroups of our instances a controller, so that they can be limited. A cgroup may contain processes or limit its
// children, not both (cgroups(7), "no internal processes"; the root is exempt): the processes in ours move into a leaf
// first, and only if all of them are ours. Does not know limits or instances.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors.ts';
import { isDeadState, readStat } from '../process/proc-stat.ts';
import { CGROUP_BASE, SUPERVISOR_LEAF } from './cgroup.ts';

export type ControllerTarget = {
  /** Directory of our own cgroup; those of the instances are created below its `orch`. */
  top: string;
  /** The kernel's name for it: `memory`. */
  controller: string;
  /** Whether a process may be moved. */
  isOurs(pid: number): boolean;
};

/** Processes may be born while others are moved. */
const MAX_ROUNDS = 10;

/** @returns null: cgroups below `<top>/orch` have the controller now. Otherwise why not, as a clause. */
export function enableController(place: ControllerTarget): string | null {
  const { top, controller } = place;
  try {
    if (!wordsIn(join(top, 'cgroup.controllers')).includes(controller))
      return `cgroup v2 has no ${controller} control here`;
    const base = join(top, CGROUP_BASE);
    const missing = isEnabled(top, controller) ? null : enableAtTop(place);
    if (missing !== null) return missing;
    mkdirSync(base, { recursive: true });
    if (!isEnabled(base, controller)) enable(base, controller);
    return null;
  } catch (error) {
    return `the cgroup ${top} cannot be divided (${errnoOf(error)})`;
  }
}

/** @throws the error of the file system */
function enableAtTop(place: ControllerTarget): string | null {
  const { top, controller } = place;
  // Only the root lacks a type.
  if (!existsSync(join(top, 'cgroup.type'))) return enable(top, controller);
  for (let round = 1; ; round++) {
    const stranger = unrelatedProcessIn(place);
    if (stranger !== null) return stranger;
    moveToLeaf(top);
    try {
      return enable(top, controller);
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY' || round === MAX_ROUNDS) throw error;
    }
  }
}

/**
 * Call it at the end. Where only our own processes live in the leaf, and no other cgroup uses the controller that we
 * enabled, it moves them back to `top` and removes our directories. Otherwise all stays, which is harmless.
 */
export function disableController({ top, controller, isOurs }: ControllerTarget): void {
  const base = join(top, CGROUP_BASE);
  const leaf = join(base, SUPERVISOR_LEAF);
  try {
    const isAlone = containsOnly(directoriesIn(top), CGROUP_BASE) && containsOnly(directoriesIn(base), SUPERVISOR_LEAF);
    if (!isAlone || unrelatedProcessIn({ top: leaf, isOurs }) !== null) return;
    if (!containsOnly(wordsIn(join(top, 'cgroup.subtree_control')), controller)) return;
    for (const directory of [base, top]) writeFileSync(join(directory, 'cgroup.subtree_control'), `-${controller}`);
    moveAll(leaf, top);
    rmdirSync(leaf);
    rmdirSync(base);
  } catch {
    // never divided, or another process came meanwhile
  }
}

/** No process is moved while one of them is not ours. */
function unrelatedProcessIn({ top, isOurs }: Pick<ControllerTarget, 'top' | 'isOurs'>): string | null {
  for (const pid of pidsIn(top)) {
    if (pid === 0) return 'the cgroup of orch also contains processes of another pid namespace';
    const stat = readStat(pid);
    if (stat === null || isDeadState(stat.state) || isOurs(pid)) continue;
    return `the cgroup of orch also contains other processes, such as ${stat.comm} (pid ${pid})`;
  }
  return null;
}

function moveToLeaf(top: string): void {
  if (pidsIn(top).length === 0) return;
  const leaf = join(top, CGROUP_BASE, SUPERVISOR_LEAF);
  mkdirSync(leaf, { recursive: true });
  moveAll(top, leaf);
}

function moveAll(from: string, to: string): void {
  for (const pid of pidsIn(from)) {
    try {
      writeFileSync(join(to, 'cgroup.procs'), String(pid));
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error; // ESRCH: it has exited
    }
  }
}

function enable(directory: string, controller: string): null {
  writeFileSync(join(directory, 'cgroup.subtree_control'), `+${controller}`);
  return null;
}

function directoriesIn(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

const containsOnly = (words: string[], word: string): boolean => words.length === 1 && words[0] === word;

function isEnabled(directory: string, controller: string): boolean {
  return wordsIn(join(directory, 'cgroup.subtree_control')).includes(controller);
}

function wordsIn(file: string): string[] {
  return readFileSync(file, 'latin1').split(/\s+/).filter(Boolean);
}

function pidsIn(directory: string): number[] {
  return wordsIn(join(directory, 'cgroup.procs')).map(Number);
}
