// Node options that keep a mostly idle process small, and make it fast once output floods. Starts nothing.
import { changeFlag } from '../v8/flags.ts';

/** A young generation of 1 MiB is enough: output goes through the framer's own memory. */
const SMALL_HEAP = '--max-semi-space-size=1';
/** Of V8, a measure of code run until it is compiled by the optimising one. */
const LATE_BUDGET = '--interrupt-budget=500000';
/** A compiler that does not run is not loaded from disk: 1 MB for the fast one, 4 MB for the optimising one. The latter is
 * delayed until output floods; opening the FIFOs of 500 instances does not need it. */
const LATE_COMPILERS: Record<string, readonly string[]> = {
  '20': ['--no-sparkplug', LATE_BUDGET],
  '22': ['--no-sparkplug', '--no-maglev'],
  '24': ['--no-sparkplug', '--no-maglev'],
};

/**
 * @param version as `process.versions.node`
 * @returns options that this version supports: Node does not start with an unknown option
 */
export function leanNodeOptions(version: string): string[] {
  const [major = ''] = version.split('.');
  return [SMALL_HEAP, ...(LATE_COMPILERS[major] ?? [])];
}

/** For versions that delay compilation by a budget (bytes of code run). */
const EAGER_COMPILERS: Record<string, string> = { '20': '--interrupt-budget=10000' };
let isEager = false;

/** For a process that runs with the options above, called at the first flood: compiled at once, the hot path saves a third of
 * the work. */
export function compileSoon(): void {
  if (isEager) return;
  isEager = true;
  const [major = ''] = process.versions.node.split('.');
  const option = EAGER_COMPILERS[major];
  if (option !== undefined) changeFlag({ own: option, usual: LATE_BUDGET });
}
