// Of a service that runs to its end: by which schedule, and when next. Reads only.
import type { ServiceStatus } from '../../api/protocol.ts';
import type { Slot } from '../../core/slot.ts';
import type { Schedule, ServiceSpec } from '../../core/spec.ts';
import { printExactDuration } from '../../units.ts';

/** @param slots of the service. @param mayRun it is neither stopped by a command nor left out */
export function taskField(spec: ServiceSpec, slots: readonly Slot[], mayRun: boolean): Pick<ServiceStatus, 'task'> {
  if (spec.schedule === null)
    return spec.restart.policy === 'never' ? { task: { schedule: null, nextRunAt: null } } : {};
  const nextMs = slots.reduce((first, { nextRunMs }) => Math.min(first, nextRunMs ?? Infinity), Infinity);
  const nextRunAt = mayRun && nextMs !== Infinity ? isoSecond(nextMs) : null;
  return { task: { schedule: scheduleText(spec.schedule), nextRunAt } };
}

/** The clock of the supervisor drifts by milliseconds; a schedule names seconds. */
const isoSecond = (ms: number): string => new Date(Math.round(ms / 1000) * 1000).toISOString();

function scheduleText(schedule: Schedule): string {
  if ('everyMs' in schedule) return `every ${printExactDuration(schedule.everyMs)}`;
  return schedule.timeZone === 'UTC' ? schedule.cron : `${schedule.cron} ${schedule.timeZone}`;
}
