// Durations, sizes and signals of other tools -> those of procs.yaml. Pure.
import { constants } from 'node:os';
import { parseDurationSumMs, printExactDuration } from '../../units.ts';

/** `1m30s`, `2.5h`, `1min 30s`, `1w` (Go, systemd). Less than a millisecond is 0. @returns milliseconds; null without a duration */
export function parseLongDuration(text: string): number | null {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/\d+(?:\.\d+)?(?:ns|us|µs)/g, '0ms')
    .replace(/(msec)/g, 'ms')
    .replace(/(hours|hour|hr)/g, 'h')
    .replace(/(minutes|minute|min)/g, 'm')
    .replace(/(seconds|second|sec)/g, 's')
    .replace(/(days|day)/g, 'd')
    .replace(/(weeks|week)/g, 'w');
  return parseDurationSumMs(plain);
}

export const fromMs = (ms: number): string => (ms === 0 ? '0s' : printExactDuration(Math.round(ms)));
export const fromSeconds = (seconds: number): string => fromMs(seconds * 1000);

/** `15`, `TERM`, `SIGTERM`, `sigterm` -> `SIGTERM`. @returns null for what is not a signal */
export function toSignal(text: string): string | null {
  const upper = text.trim().toUpperCase();
  if (/^\d+$/.test(upper)) {
    const number = Number(upper);
    return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? null;
  }
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  return Object.hasOwn(constants.signals, name) ? name : null;
}

/** `300M`, `1G`, `50MB`, `512KiB`, `1024` -> a size of procs.yaml. A unit without `i` is read as 1024, as those tools do. */
export function toSize(text: string): string | null {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])i?b?|b)?$/i.exec(text.trim());
  if (!match) return null;
  const [, amount, unit] = match;
  if (!unit) return `${amount}B`;
  if (unit.toUpperCase() === 'T') return `${Number(amount) * 1024}GiB`;
  return `${amount}${unit.toUpperCase()}iB`;
}
