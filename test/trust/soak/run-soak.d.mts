// Types of run-soak.mjs for the tests.
export type SoakCounts = { kills: number; edits: number; clients: number; instances: number };
export type SoakOptions = { durationMs: number; everyMs?: number; onReport?: (report: { atMs: number }) => void };
export type SoakResult = {
  /** By process, in the order of time. */
  samples: Record<string, Record<string, number | null>[]>;
  counts: SoakCounts;
  /** Empty: everything held. */
  violations: string[];
};
export function runSoak(options: SoakOptions): Promise<SoakResult>;
