// Supervisors of a project as /proc shows them, and ways to make one suffer.
import { heldLocks, killByIdentity, type LiveProcess, readStat } from './processes.ts';
import type { Project } from './project.ts';
import { waitFor } from './wait-for.ts';

/** Rounds of a test that repeats: few in the suite, many by `TRUST_ROUNDS`, when it also says how it went. */
export function roundsOf(inSuite: number): number {
  return Number(process.env.TRUST_ROUNDS ?? inSuite);
}

export function say(figures: string): void {
  if (process.env.TRUST_ROUNDS) process.stdout.write(`${figures}\n`);
}

/** Also one that lost the race for the lock and is about to leave. */
export function supervisorsOf(project: Project): LiveProcess[] {
  return project.processes().filter(({ command }) => /supervisor\.c?js .*--root/.test(command));
}

export function logWritersOf(project: Project): LiveProcess[] {
  return project.processes().filter(({ command }) => command.includes('log-writer.cjs'));
}

/** Those that hold the lock on the project, as the kernel has it: only such a one may do anything. */
export function lockHoldersOf(project: Project): LiveProcess[] {
  const holders = supervisorsOf(project).filter(({ pid }) => heldLocks(pid).includes(project.root));
  // What one of them has just forked has its descriptors until it calls execve.
  return holders.filter(({ parent }) => !holders.some(({ pid }) => pid === parent));
}

/** Throws where none holds the lock, or more than one. */
export function theSupervisor(project: Project): LiveProcess {
  const [one, ...others] = lockHoldersOf(project);
  if (!one || others.length > 0) throw new Error(`not one supervisor but ${JSON.stringify(supervisorsOf(project))}`);
  return one;
}

/** Main processes of instances. A program that forks shows its own command line twice until the child calls execve. */
export function mainsOf(project: Project): LiveProcess[] {
  return project.instances().filter(({ pid }) => readStat(pid)?.session === pid);
}

/** kill -9, and waits for its end. */
export async function killSupervisor(project: Project): Promise<void> {
  const { pid, startTime } = theSupervisor(project);
  killByIdentity({ pid, startTime });
  await waitFor(
    'the supervisor is gone',
    () => readStat(pid)?.startTime,
    (seen) => seen !== startTime,
  );
}

export const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0;
