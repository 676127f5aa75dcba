// Numbers as a row of bars, the newest at the right. Pure.
import { PARTS } from '../model/samples.ts';
import type { Glyphs } from './theme.ts';

/** A share of one core; low ones have more steps. */
export function cpuBars(percents: readonly number[], { levels }: Glyphs): string {
  return barsOf(
    percents.map((percent) => Math.sqrt(percent / 100)),
    levels,
  );
}

/** In relation to the highest of the row. */
export function memoryBars(sizes: readonly number[], { levels }: Glyphs): string {
  const most = Math.max(1, ...sizes);
  return barsOf(
    sizes.map((size) => size / most),
    levels,
  );
}

function barsOf(shares: readonly number[], levels: string): string {
  const bars = [...levels];
  const last = bars.length - 1;
  return shares
    .map((share) => bars[Math.max(0, Math.min(last, Math.round(share * last)))])
    .join('')
    .padStart(PARTS);
}
