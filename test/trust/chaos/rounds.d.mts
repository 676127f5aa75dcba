// Types of rounds.mjs for the tests.
export type Round = {
  seed: number;
  faults: number;
  lines: number;
  worstMs: number;
  /** Empty: everything held. */
  violations: string[];
  story: string[];
};
/** Namespaces for pids and mounts are available; without them no disk is filled and no pid recycled. */
export const isIsolated: boolean;
export function playRound(seed: number, faults: number): Promise<Round>;
