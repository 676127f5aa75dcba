// What the supervisor knows of an instance beyond its status: asked for by `orch show` and the page of the view. These shapes
// are part of `orch show --json`: they change only compatibly.

export type InspectedInstance = {
  /** `api.2`. */
  id: string;
  /** Parents before their children; empty: nothing lives. */
  processes: ProcessInTree[];
  /** How many live processes were left out: an answer holds at most 100 of an instance. */
  moreProcesses: number;
  /** Probes without an attempt are left out. */
  probes: ProbeHistory[];
};

export type ProbeRole = 'startup' | 'readiness' | 'liveness';

/** Of the supervisor that runs now, over restarts of the instance. */
export type ProbeHistory = {
  probe: ProbeRole;
  /** The last ten, oldest first. */
  attempts: ProbeAttempt[];
};

export type ProbeAttempt = {
  /** When it began: ISO 8601 with milliseconds. */
  time: string;
  durationMs: number;
  /** Without values that are secret; null: it passed. */
  failure: string | null;
};

export type ProcessInTree = {
  pid: number;
  /** Pid; null: none of this tree: it is the main process, or its parent has ended. */
  parent: number | null;
  /** Its command line, without values that are secret, and cut where it is long. */
  command: string;
  /** Of one core, while it was asked for. */
  cpuPercent: number;
  rssBytes: number;
  /** Null: not known. */
  ageMs: number | null;
};
