// Judges a soak: does anything grow, and is all that the sample writers printed in their log, once and in order?
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SAMPLE_LOG, SAMPLES } from './project.mjs';

/** Below, the heap still grows to its size: nothing is said about growth. */
export const JUDGED_FROM_MS = 8 * 60_000;

/**
 * By how much the last quarter may be above the second. Between the two is half of the run: 1,800 restarts in an hour.
 * RSS and PSS (medians): V8 lets garbage pile up while the machine is busy. An hour at a load of 12 moved the medians by 4 MiB,
 * ten minutes by 14, with no more than 1 MiB of it alive: 16 are more than that. `heap` (the lowest tenth, which is what a
 * collection leaves) is what finds a leak: 4 MiB are 2.3 KiB a
 * restart. Descriptors and handles: clients come and go, and an edit adds four instances and takes them away. Node starts
 * four threads when it first needs them.
 */
export const BOUNDS = { rss: 16, pss: 16, heap: 4, descriptors: 6, handles: 6, timers: 3, watches: 6, threads: 4 };

/** @param samples of one process, in the order of time. @returns one sentence for each value that grows. */
export function growthOf(name, samples) {
  return Object.entries(BOUNDS).flatMap(([key, bound]) => {
    const { second, last } = quartersOf(samples, key);
    if (second === null || last === null || last - second <= bound) return [];
    return [`${name}: ${key} grows from ${round(second)} to ${round(last)}, more than ${bound}`];
  });
}

/** @returns what is typical of the second and of the last quarter; null: not known */
export function quartersOf(samples, key) {
  const quarter = Math.floor(samples.length / 4);
  const share = key === 'heap' ? 0.1 : 0.5;
  const of = (part) =>
    atShare(
      part.map((sample) => sample[key]).filter((value) => value !== null),
      share,
    );
  return { second: of(samples.slice(quarter, 2 * quarter)), last: of(samples.slice(3 * quarter)) };
}

function atShare(values, share) {
  return values.length === 0 ? null : [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
}

export const round = (value) => Math.round(value * 10) / 10;

/** The names of rotated files rise with time; a plain one next to a compressed one is being compressed. @returns one sentence for
 * each fault */
export function faultsOfLog(root) {
  const names = readdirSync(root).filter((name) => name.startsWith(SAMPLE_LOG) && name !== SAMPLE_LOG);
  const rotated = names
    .filter((name) => !(name.endsWith('.gz') && names.includes(name.slice(0, -'.gz'.length))))
    .sort();
  const textOf = (name) => {
    const bytes = readFileSync(join(root, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  };
  const text = [...rotated, SAMPLE_LOG].map(textOf).join('');
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
