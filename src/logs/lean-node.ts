// How Node is told to stay small in a process that sleeps most of its life, and to be quick once it does not. Starts nothing.

/** A young generation of 1 MiB: what is read goes through memory of our own. */
const SMALL_HEAP = '--max-semi-space-size=1';
/** A compiler that has not run has not been read from disk either: 1 MB the quick one, 4 MB the good one. The good one is
 * put off until output really floods; opening the FIFOs of 500 instances is not worth it. */
const LATE_COMPILERS: Record<string, readonly string[]> = {
  '20': ['--no-sparkplug', '--interrupt-budget=500000'],
  '22': ['--no-sparkplug', '--no-maglev'],
  '24': ['--no-sparkplug', '--no-maglev'],
};

/**
 * @param version as `process.versions.node`
 * @returns options that this version knows: Node does not start with one that it does not know
 */
export function leanNodeOptions(version: string): string[] {
  const [major = ''] = version.split('.');
  return [SMALL_HEAP, ...(LATE_COMPILERS[major] ?? [])];
}

/** For versions that are held back by their budget (bytes of code run) and not only by lack of a compiler. */
const EAGER_COMPILERS: Record<string, string> = { '20': '--interrupt-budget=10000' };
let isEager = false;

/** For a process that runs with the options above, from the first flood on: what carries it is worth compiling at once.
 * Interpreted, it is a third of the work. */
export function compileSoon(): void {
  if (isEager) return;
  isEager = true;
  const [major = ''] = process.versions.node.split('.');
  const option = EAGER_COMPILERS[major];
  // Not imported: a process that never sees a flood has no use for it.
  if (option !== undefined) process.getBuiltinModule('node:v8').setFlagsFromString(option);
}
