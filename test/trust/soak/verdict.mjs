// Judges a soak: does anything grow, and is all that the sample writers printed in their log, once and in order?
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE_LOG, SAMPLES } from './project.mjs';

/** Below, the heap still grows to its size: nothing is said about growth. */
export const JUDGED_FROM_MS = 8 * 60_000;

/**
 * By how much the median of the last quarter may be above that of the second. Between the two is half of the run: 1,800
 * restarts in an hour. Memory: garbage collection alone moves the medians of two quarters by up to 3 MiB; 6 MiB is 3.4 KiB
 * a restart. Descriptors and handles: clients come and go, and an edit adds four instances and takes them away. A thread
 * or a timer more in one quarter is one that happened to be seen; three stay.
 */
export const BOUNDS = { rss: 6, pss: 6, heap: 4, descriptors: 6, handles: 6, timers: 3, watches: 6, threads: 2 };

/** @param samples of one process, in the order of time. @returns one sentence for each value that grows. */
export function growthOf(name, samples) {
  return Object.entries(BOUNDS).flatMap(([key, bound]) => {
    const { second, last } = quartersOf(samples, key);
    if (second === null || last === null || last - second <= bound) return [];
    return [`${name}: ${key} grows from ${round(second)} to ${round(last)}, more than ${bound}`];
  });
}

/** @returns the medians of the second and of the last quarter; null: not known */
export function quartersOf(samples, key) {
  const quarter = Math.floor(samples.length / 4);
  const of = (part) => medianOf(part.map((sample) => sample[key]).filter((value) => value !== null));
  return { second: of(samples.slice(quarter, 2 * quarter)), last: of(samples.slice(3 * quarter)) };
}

function medianOf(values) {
  return values.length === 0 ? null : [...values].sort((a, b) => a - b)[values.length >> 1];
}

export const round = (value) => Math.round(value * 10) / 10;

/** The names of rotated files rise with time. @returns one sentence for each fault */
export function faultsOfLog(root) {
  const names = readdirSync(root).filter((name) => name.startsWith(SAMPLE_LOG));
  const rotated = names.filter((name) => name !== SAMPLE_LOG).sort();
  const text = [...rotated, SAMPLE_LOG].map((name) => readFileSync(join(root, name), 'utf8')).join('');
  return SAMPLES.flatMap((id) => faultsOfLines(id, text));
}

/** @returns {string[]} */
export function faultsOfLines(id, text) {
  let printed = 0;
  let last = null;
  for (const [, word, number] of text.matchAll(new RegExp(`\\b${id.replace('.', '\\.')} (line|last) (\\d+)$`, 'gm'))) {
    if (word === 'last') last = Number(number);
    else if (Number(number) === printed + 1) printed++;
    else return [`${id}: line ${number} comes after line ${printed}`];
  }
  // The signal may come between a line and its counting.
  const isWhole = last !== null && (printed === last || printed === last + 1);
  return isWhole ? [] : [`${id}: ${printed} lines are stored, it says that there were ${last}`];
}
