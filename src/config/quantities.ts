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
export function printDuration(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((name) => ms !== 0 && ms % DURATION_MS[name]! === 0) ?? 'ms';
  return `${ms / DURATION_MS[unit]!}${unit}`;
}

/** The shortest exact form: 65536 -> `64KiB`. */
export function printSize(bytes: number): string {
  const unit = ['GiB', 'MiB', 'KiB'].find((name) => bytes !== 0 && bytes % SIZE_BYTES[name]! === 0) ?? 'B';
  return `${bytes / SIZE_BYTES[unit]!}${unit}`;
}

/** Signals that may end a program, by name; Linux and macOS have them all. */
export const SIGNALS = (
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
export function signalName(text: string): string | null {
  const name = text.startsWith('SIG') ? text : `SIG${text}`;
  return SIGNALS.includes(name) ? name : null;
}
