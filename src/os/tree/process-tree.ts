// What the processes of a tree are and use: parent, command line, CPU, memory, age. Reads only. Reads /proc; elsewhere asks
// `ps`. Windows shows neither: no process is described there.
import { setTimeout as pause } from 'node:timers/promises';
import { hasProc, platform } from '../platform.ts';
import { ageMs } from '../process/identity.ts';
import { isDeadState, type ProcStat, readStat } from '../process/proc-stat.ts';
import { ResourceSampler, type ResourceUse } from '../process/resource-use.ts';
import { readWords } from '../process/shown-by-proc.ts';
import { commandLinesByTool, statsByTool } from '../process/system-tools.ts';
import { byAge, type TreeMember } from './process-scan.ts';

export type DescribedProcess = ResourceUse & {
  pid: number;
  parentPid: number;
  startTime: string;
  /** The words of its command line, as the process shows them; its name alone where it shows none. */
  words: string[];
  /** Null: not known. */
  ageMs: number | null;
};

/**
 * @param measureMs over which their CPU is measured
 * @returns by pid; without those that end meanwhile
 */
export async function describeProcesses(
  members: readonly Pick<TreeMember, 'pid' | 'startTime' | 'command'>[],
  measureMs: number,
): Promise<Map<number, DescribedProcess>> {
  const sampler = new ResourceSampler(0); // keeps no file open
  sampler.sample(members);
  await pause(measureMs);
  const uses = sampler.sample(members);
  const pids = [...uses.keys()];
  const stats = hasProc ? null : statsByTool(pids, platform);
  const lines = hasProc ? null : commandLinesByTool(pids, platform);
  const described = members.flatMap(({ pid, startTime, command }): DescribedProcess[] => {
    const use = uses.get(pid);
    const stat = stats === null ? readStat(pid) : (stats.get(pid) ?? null);
    if (use === undefined || stat === null || stat.startTime !== startTime || isDeadState(stat.state)) return [];
    const words = lines === null ? readWords(`/proc/${pid}/cmdline`) : (lines.get(pid) ?? []);
    const shown = words.length > 0 ? words : [command || stat.comm];
    return [{ pid, parentPid: stat.ppid, startTime, words: shown, ageMs: ageOf(stat), ...use }];
  });
  return new Map(described.map((one) => [one.pid, one]));
}

/** Elsewhere the start is a date, exact to a second. */
function ageOf({ startTime }: ProcStat): number | null {
  if (hasProc) return ageMs(startTime);
  const age = Date.now() - Date.parse(startTime);
  return Number.isNaN(age) ? null : Math.max(0, age);
}

/** `parent`: null: none of the tree: the main process, or one whose parent has ended. */
export type PlacedProcess = { process: DescribedProcess; parent: number | null };

/** Each parent before its children, the children of one parent by age. */
export function inTreeOrder(processes: readonly DescribedProcess[]): PlacedProcess[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const children = new Map<number | null, PlacedProcess[]>();
  for (const process of [...processes].sort(byAge)) {
    const { parentPid } = process;
    const parent = pids.has(parentPid) ? parentPid : null;
    const siblings = children.get(parent) ?? [];
    children.set(parent, [...siblings, { process, parent }]);
  }
  const pending = (children.get(null) ?? []).reverse();
  const placed: PlacedProcess[] = [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    placed.push(next);
    pending.push(...(children.get(next.process.pid) ?? []).reverse());
  }
  return placed;
}
