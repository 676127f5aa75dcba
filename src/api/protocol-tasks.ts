// What a status says of a service that runs to its end. Changes only compatibly, as `orch ps --json` prints it.

export type TaskStatus = {
  /** `every 45s`, `0 3 * * *`, with the time zone behind it where that is not UTC; null: it has none. */
  schedule: string | null;
  /** ISO 8601, to the second; null: without a schedule, suspended, or not known yet. */
  nextRunAt: string | null;
};
