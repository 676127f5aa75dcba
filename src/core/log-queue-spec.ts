// A declared log queue as types. Plain serialisable data.

export type LogFormat = 'text' | 'json' | 'raw';
export type OverflowPolicy = 'block' | 'drop_oldest' | 'drop_newest';
export type LogQueueSpec = {
  name: string;
  /** Absolute path of the live file, or of the FIFO that the sink reads. */
  path: string;
  /** The service that reads the lines on stdin, instead of a file; null: a file. */
  sink: string | null;
  format: LogFormat;
  rotate: {
    /** 0: never by size. */
    sizeBytes: number;
    keep: number;
    compress: 'gzip' | 'none';
    /** 0: never by time. */
    everyMs: number;
    /** Cap over the rotated files of the queue; 0: none. */
    totalBytes: number;
    /** A rotated file that was closed so long ago is deleted; missing: however old it is. */
    maxAgeMs?: number;
  };
  capacityBytes: number;
  overflow: OverflowPolicy;
};

/** What a service writes to; `stderrQueue` is missing where a client of an older version applied the configuration. */
export type WrittenQueues = { logQueue: string; stderrQueue?: string | null };

/** @returns the queues that a service writes to, each once: that of stdout first. */
export const queuesWrittenBy = ({ logQueue, stderrQueue }: WrittenQueues): string[] =>
  stderrQueue && stderrQueue !== logQueue ? [logQueue, stderrQueue] : [logQueue];
