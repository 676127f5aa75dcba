// Durations for people: `4s`, `3m 05s`, `2h 07m`, `3d 04h`; and back from what users type.

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Two units at most, the smaller one with two digits so that columns line up. Negative counts as 0. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${padded(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${padded(Math.floor(seconds / 60) % 60)}m`;
  return `${Math.floor(seconds / 86_400)}d ${padded(Math.floor(seconds / 3600) % 24)}h`;
}

/** A span that was measured: `240 ms`, `1.3 s`, then as formatDuration. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms);
}

/** @param text `250ms`, `10s`, `1.5m`, `1h`, `1d`, or `0`. @returns milliseconds, null when it has no such form. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (!match) return text === '0' ? 0 : null;
  return Math.round(Number(match[1]) * UNITS_MS[match[2]!]!);
}

const padded = (value: number) => String(value).padStart(2, '0');

// Durations, sizes and signals as they are written -> numbers and names. Pure.

const DURATION_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
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

/** `250ms 10s 1.5m 1h 1d` -> milliseconds, rounded; null where the text has no such form. */
export function parseDurationMs(text: string): number | null {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/.exec(text);
  return match ? Math.round(Number(match[1]) * DURATION_MS[match[2]!]!) : null;
}

/** `4KiB 64MiB 1GiB 10MB` -> bytes, rounded; null where the text has no such form. */
export function parseSizeBytes(text: string): number | null {
  const match = /^([0-9]+(?:\.[0-9]+)?)(B|KiB|MiB|GiB|kB|KB|MB|GB)$/.exec(text);
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

/** Signals that may end a program, by name; Linux and macOS have them all. */
export const STOP_SIGNALS = (
  'SIGTERM SIGINT SIGHUP SIGQUIT SIGKILL SIGUSR1 SIGUSR2 SIGABRT SIGALRM SIGWINCH SIGPIPE SIGCONT SIGTTIN SIGTTOU ' +
  'SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGIO SIGURG SIGTRAP SIGSYS SIGBUS SIGFPE SIGILL SIGSEGV'
).split(' ');

/** Numbers by which people know some of them. */
export const SIGNAL_NUMBERS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  9: 'SIGKILL',
  15: 'SIGTERM',
};

/** `TERM` and `SIGTERM` -> `SIGTERM`; null for what is no signal to stop by. */
export function stopSignalName(text: string): string | null {
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  return STOP_SIGNALS.includes(name) ? name : null;
}
