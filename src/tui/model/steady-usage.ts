// What the supervisor itself uses, without the small changes of a project at rest: each would draw the whole screen. Pure.
import type { Status } from '../../api/protocol.ts';

/** Of one core: less than this counts as nothing, and a change by less is none. */
const CPU_STEP_PERCENT = 1;
const MEMORY_STEP_BYTES = 3 * 1024 * 1024;

/** @param before as shown; null: nothing was */
export function withSteadyUsage(before: Status | null, status: Status): Status {
  const { supervisor } = status;
  const known = before?.supervisor.pid === supervisor.pid ? before.supervisor : null;
  const stays = (name: 'cpuPercent' | 'rssBytes', step: number): boolean =>
    known !== null && Math.abs(supervisor[name] - known[name]) < step;
  const isIdle = supervisor.cpuPercent < CPU_STEP_PERCENT;
  const cpuPercent = stays('cpuPercent', CPU_STEP_PERCENT) ? known!.cpuPercent : supervisor.cpuPercent;
  const rssBytes = stays('rssBytes', MEMORY_STEP_BYTES) ? known!.rssBytes : supervisor.rssBytes;
  return { ...status, supervisor: { ...supervisor, cpuPercent: isIdle ? 0 : cpuPercent, rssBytes } };
}
