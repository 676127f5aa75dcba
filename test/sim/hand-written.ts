// What only scenarios that are written by hand declare of a service: random ones would end too soon. Types only.

export type HandWritten = {
  /** Its end, or its failure, ends the project. */
  ends?: 'on_end' | 'on_failure';
  successCodes?: number[];
  healthyAfterMs?: number;
  /** Of the back-off. */
  jitter?: number;
  /** With `hasReadiness`: it is restarted when it fails that probe. */
  restartsUnready?: true;
  timeoutMs?: number;
  /** `restart.cron`: period in seconds of the wall clock; divides a minute. */
  restartsEveryS?: number;
  /** `start: manual` */
  isManual?: true;
  /** Of its dependencies: `required: false`. */
  isOptional?: true;
  /** Every second version is a task that takes so long. */
  taskMs?: number;
};
