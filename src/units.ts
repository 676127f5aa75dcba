// Durations, sizes, shares and times of day: text -> numbers, and numbers -> text for people. Pure, no Node module.
// The only table of each kind of unit; every part of orch may import this file.

const DURATION_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const SIZE_BYTES: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};
const NUMBER = String.raw`\d+(?:\.\d+)?`;
const ONE_DURATION = new RegExp(`^(${NUMBER})(ms|[smhd])$`);
const DURATION_SUM = new RegExp(`^(?:${NUMBER}(?:ms|[smhdw]))+$`);
const PARTS_OF_SUM = new RegExp(`(${NUMBER})(ms|[smhdw])`, 'g');
const ONE_SIZE = new RegExp(`^(${NUMBER})(${Object.keys(SIZE_BYTES).join('|')})$`);

/** `250ms 10s 1.5m 1h 1d` -> milliseconds, rounded; null where the text has another form. Weeks are not allowed. */
export function parseDurationMs(text: string): number | null {
  const match = ONE_DURATION.exec(text);
  return match ? Math.round(Number(match[1]) * DURATION_MS[match[2]!]!) : null;
}

/** `1h30m`, `2w` -> milliseconds, not rounded; null where the text has another form. */
export function parseDurationSumMs(text: string): number | null {
  if (!DURATION_SUM.test(text)) return null;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(PARTS_OF_SUM)) ms += Number(count) * DURATION_MS[unit!]!;
  return ms;
}

/** `4KiB 64MiB 1GiB 10MB` -> bytes, rounded; null where the text has another form. */
export function parseSizeBytes(text: string): number | null {
  const match = ONE_SIZE.exec(text);
  return match ? Math.round(Number(match[1]) * SIZE_BYTES[match[2]!]!) : null;
}

/** The shortest exact form: 90000 -> `90s`, 3600000 -> `1h`. */
export function printExactDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => ms !== 0 && ms % DURATION_MS[name]! === 0) ?? 'ms';
  return `${ms / DURATION_MS[unit]!}${unit}`;
}

/** The shortest exact form: 65536 -> `64KiB`. */
export function printExactSize(bytes: number): string {
  const unit = ['GiB', 'MiB', 'KiB'].find((name) => bytes !== 0 && bytes % SIZE_BYTES[name]! === 0) ?? 'B';
  return `${bytes / SIZE_BYTES[unit]!}${unit}`;
}

/** `4s`, `3m 05s`, `2h 07m`, `3d 04h`: the smaller unit with two digits, so that columns line up. Negative counts as 0. */
export function formatDuration(ms: number): string {
  const { days, hours, minutes, seconds } = splitDuration(ms);
  if (days > 0) return `${days}d ${two(hours)}h`;
  if (hours > 0) return `${hours}h ${two(minutes)}m`;
  return minutes > 0 ? `${minutes}m ${two(seconds)}s` : `${seconds}s`;
}

/** A measured span: `240 ms`, `1.3 s`, from a minute on as formatDuration. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}

/** For a narrow column: `4s`, `3m`, `2h07`, `3d04`. `nextMs`: after how many milliseconds the text changes. */
export function formatAge(ageMs: number): { text: string; nextMs: number } {
  const { days, hours, minutes, seconds } = splitDuration(ageMs);
  const unitMs = DURATION_MS[days > 0 ? 'h' : hours > 0 || minutes > 0 ? 'm' : 's']!;
  const nextMs = unitMs - (Math.max(0, ageMs) % unitMs);
  if (days > 0) return { text: `${days}d${two(hours)}`, nextMs };
  if (hours > 0) return { text: `${hours}h${two(minutes)}`, nextMs };
  return { text: minutes > 0 ? `${minutes}m` : `${seconds}s`, nextMs };
}

function splitDuration(ms: number): { days: number; hours: number; minutes: number; seconds: number } {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return {
    days: Math.floor(seconds / 86_400),
    hours: Math.floor(seconds / 3600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
  };
}

const SIZE_NAMES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `0 B`, `812 KiB`, `41.2 MiB`. @param decimalBelow numbers below it get one decimal */
export function formatSize(bytes: number, decimalBelow = 100): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < SIZE_NAMES.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit > 0 && value < decimalBelow ? value.toFixed(1) : Math.round(value)} ${SIZE_NAMES[unit]}`;
}

type ClockParts = {
  /** `2026-01-31 14:03:07`. */
  date?: boolean;
  /** `14:03:07.250`. */
  ms?: boolean;
  /** `14:03:07Z` instead of local time. */
  utc?: boolean;
};

/** Local time: `14:03:07`. */
export function formatClock(timeMs: number, { date = false, ms = false, utc = false }: ClockParts = {}): string {
  const at = new Date(timeMs);
  if (Number.isNaN(at.getTime())) return '--:--:--';
  // The fields of UTC, shifted by the offset that the time zone had at that moment.
  const text = new Date(utc ? timeMs : timeMs - at.getTimezoneOffset() * 60_000).toISOString();
  const [day, clock] = text.slice(0, -1).split('T') as [string, string];
  return `${date ? `${day} ` : ''}${ms ? clock : clock.slice(0, -'.000'.length)}${utc ? 'Z' : ''}`;
}

/** A point in time for people, in milliseconds, with its date unless that is today's. */
export function formatMoment(timeMs: number, nowMs: number, { utc = false }: Pick<ClockParts, 'utc'> = {}): string {
  const dayOf = (ms: number) => formatClock(ms, { date: true, utc }).split(' ')[0];
  return formatClock(timeMs, { date: dayOf(timeMs) !== dayOf(nowMs), ms: true, utc });
}

const two = (value: number): string => String(value).padStart(2, '0');
