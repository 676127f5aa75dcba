// The times of a cron expression (`schedule`, `restart.cron`), and what is wrong with one.
import { Cron } from 'croner';
import type { CronTimes } from '../../core/spec.ts';

/** Of `time_zone: local`: the zone of the supervisor, whose TZ is that of the `up` that started it. */
const LOCAL_ZONE = 'local';

export function cronOf({ cron, timeZone }: CronTimes): Cron {
  return new Cron(cron, { paused: true, ...(timeZone !== LOCAL_ZONE && { timezone: timeZone }) });
}

/** @returns null for a valid expression. */
export function cronError(times: CronTimes): string | null {
  try {
    return cronOf(times).nextRun() === null ? 'it never matches' : null;
  } catch (error) {
    const [reason = ''] = (error as Error).message.replace(/^CronPattern: /, '').split('\n');
    return reason.charAt(0).toLowerCase() + reason.slice(1);
  }
}

export function isTimeZone(name: string): boolean {
  if (name === LOCAL_ZONE) return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false; // RangeError: unknown
  }
}
