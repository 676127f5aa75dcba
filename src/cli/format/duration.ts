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
