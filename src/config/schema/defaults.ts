// Values of keys that are left out. The schema has the same in `default`; a test compares them.

export const DEFAULT_QUEUE = 'default';
export const DEFAULT_POOL = 1;

export const DEFAULT_RESTART = {
  policy: 'on_failure',
  initial: '100ms',
  max: '30s',
  factor: 2,
  healthyAfter: '10s',
} as const;
export const DEFAULT_END = 'ignore';
export const DEFAULT_STOP = { signal: 'SIGTERM', to: 'main', grace: '10s' } as const;
export const DEFAULT_DRAIN_TIMEOUT = '30s';
export const DEFAULT_PROBE = { every: '1s', timeout: '1s', successes: 1, failures: 3, initialDelay: '0s' } as const;
/** How long an instance without a readiness probe must live to count as ready. */
export const DEFAULT_READY_AFTER = '1s';
export const DEFAULT_ROLLOUT = {
  maxUnavailable: '25%',
  maxSurge: 0,
  deadline: '10m',
  onFailure: 'pause',
} as const;
export const DEFAULT_SCHEDULE = { timeZone: 'UTC', overlap: 'skip' } as const;
export const DEFAULT_WATCH = { debounce: '200ms', action: 'restart' } as const;
/** Of a program that prints a secret. */
export const DEFAULT_SECRET_TIMEOUT = '30s';
export const DEFAULT_MEMORY_ACTION = 'restart';
export const DEFAULT_LOG_QUEUE = {
  format: 'text',
  rotate: { size: '64MiB', keep: 5, compress: 'gzip' },
  capacity: '8MiB',
  overflow: 'block',
} as const;
/** The file of a queue, relative to the state directory. */
export const defaultLogPath = (queue: string): string => `logs/${queue}.log`;
/** The FIFO that a service reads, relative to the state directory (`inputPath` in api/paths.ts). */
export const sinkPath = (service: string): string => `run/fifo/${service}.1.in`;

export const MAX_POOL = 10_000;
/** Timers of Node hold at most 2^31 - 1 ms. */
export const MAX_TIMER_MS = 24 * 86_400_000;
