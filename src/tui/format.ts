// Numbers as people read them at a glance, short enough for a column.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `0 B`, `512 KiB`, `1.4 GiB`: at most 8 characters. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** For a narrow column: `512K`, `1.4G`. */
export function formatBytesShort(bytes: number): string {
  return formatBytes(bytes).replace(/ (.)?.*/, (_rest, unit: string) => (unit === 'B' ? '' : unit));
}

/** Of one core: `0 %`, `0.4 %`, `12 %`, `340 %`. */
export function formatPercent(percent: number): string {
  return percent > 0.05 && percent < 9.95 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}

/**
 * How long something lasts, coarse: seconds in the first minute, then minutes, hours and minutes, days and hours.
 * `nextMs`: after how many ms the text will be another one.
 */
export function formatAge(ageMs: number): { text: string; nextMs: number } {
  const age = Math.max(0, ageMs);
  const seconds = Math.floor(age / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const unitMs = minutes === 0 ? 1000 : days === 0 ? 60_000 : 3_600_000;
  const nextMs = unitMs - (age % unitMs);
  if (minutes === 0) return { text: `${seconds}s`, nextMs };
  if (hours === 0) return { text: `${minutes}m`, nextMs };
  if (days === 0) return { text: `${hours}h${String(minutes % 60).padStart(2, '0')}`, nextMs };
  return { text: `${days}d${String(hours % 24).padStart(2, '0')}`, nextMs };
}

/** Time of day, local: `14:03:07`. */
export function formatClock(timeMs: number, withMs = false): string {
  const date = new Date(timeMs);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withMs ? `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}` : clock;
}
