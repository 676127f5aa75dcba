// Sizes and shares for the narrow columns of the table.
import { formatSize } from '../../units.ts';

/** `0 B`, `512 KiB`, `1.4 GiB`: at most 8 characters. */
export const formatRoundedBytes = (bytes: number): string => formatSize(bytes, 10);

/** `512K`, `1.4G`. */
export function formatBytesShort(bytes: number): string {
  return formatRoundedBytes(bytes).replace(/ (.)?.*/, (_rest, unit: string) => (unit === 'B' ? '' : unit));
}

/** Share of one core: `0%`, `0.4%`, `12%`, `340%`. */
export function formatCpuPercent(percent: number): string {
  return percent > 0.05 && percent < 9.95 ? `${percent.toFixed(1)}%` : `${Math.round(percent)}%`;
}
