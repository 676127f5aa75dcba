// How large a page of memory is: /proc counts in pages.
import { hasProc } from '../host.ts';
import { readStat } from './proc-stat.ts';

let cachedPageBytes: number | null = null;
/** 4, 16 or 64 KiB, by kernel: what Node counts in bytes of ourselves, /proc counts in pages. */
export function pageBytes(): number {
  if (cachedPageBytes !== null) return cachedPageBytes;
  try {
    const pages = hasProc ? (readStat(process.pid)?.rssPages ?? 0) : 0;
    const ratio = pages === 0 ? 4096 : process.memoryUsage.rss() / pages;
    cachedPageBytes = 2 ** Math.round(Math.log2(ratio));
    return cachedPageBytes;
  } catch {
    return 4096; // no descriptor left: the next sample tries again
  }
}
