// A time as people write it, for `--since`, `--until` and the view: how long ago, or a point in time. Pure.
import { parseDurationSumMs } from '../../units.ts';

const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d(?:\.\d{1,3})?))?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

export const TIME_FORMS = 'such as 10m, 1h30m, 14:05, 2026-01-31, 2026-01-31T14:05:00Z';

/**
 * `10m`, `1h30m`: that long before now. `14:05[:00]`: today; `2026-01-31`: its first moment; `2026-01-31T14:05`: all three in
 * local time; with `Z` or an offset as written. `now`.
 * @returns milliseconds since the epoch; null if the text has none of these forms
 */
export function parseTimePoint(text: string, nowMs: number): number | null {
  if (text === 'now') return nowMs;
  const agoMs = parseDurationSumMs(text);
  if (agoMs !== null) return nowMs - agoMs;
  const clock = CLOCK.exec(text);
  if (clock !== null) return atClock(nowMs, Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0));
  const date = DATE.exec(text);
  if (date !== null) return startOfDay(Number(date[1]), Number(date[2]), Number(date[3]));
  if (!/^\d{4}-\d\d-\d\d[T ]/.test(text)) return null;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

function atClock(nowMs: number, hour: number, minute: number, second: number): number | null {
  if (hour > 23 || minute > 59 || second >= 60) return null;
  const at = new Date(nowMs);
  at.setHours(hour, minute, Math.floor(second), Math.round((second % 1) * 1000));
  return at.getTime();
}

function startOfDay(year: number, month: number, day: number): number | null {
  const at = new Date(year, month - 1, day);
  return at.getMonth() === month - 1 && at.getDate() === day ? at.getTime() : null;
}
