// What a queue reports to people: lost lines, a file that cannot be written or rotated. Counts lost lines per instance;
// the marks in the file are the backlog's.
import type { LogQueueStatus } from '../../api/protocol.ts';
import type { Origin } from '../line-format.ts';
import type { WriterEvent } from '../writer-protocol.ts';

const DROPS_EVERY_MS = 10_000;

export class QueueReports {
  /** Since the writer started. */
  droppedLines = 0;
  readonly #dropped = new Map<string, number>();
  #dropsReportedMs = 0;
  readonly #status: () => LogQueueStatus;
  readonly #emit: (event: WriterEvent) => void;

  constructor(status: () => LogQueueStatus, emit: (event: WriterEvent) => void) {
    this.#status = status;
    this.#emit = emit;
  }

  droppedByInstance(): Record<string, number> {
    return Object.fromEntries(this.#dropped);
  }

  /** Counts each call, but reports only now and then. */
  dropped(lines: ReadonlyMap<Origin, number>): void {
    for (const [{ instance }, count] of lines) {
      this.#dropped.set(instance, (this.#dropped.get(instance) ?? 0) + count);
      this.droppedLines += count;
    }
    const nowMs = Date.now();
    if (nowMs - this.#dropsReportedMs < DROPS_EVERY_MS) return;
    this.#dropsReportedMs = nowMs;
    this.#report('log_dropped', ({ name, overflow }) => {
      return `log queue ${name} dropped lines (overflow: ${overflow}); gaps are marked in the file`;
    });
  }

  blocked(reason: string): void {
    this.#report('log_blocked', ({ name, overflow }) => {
      const consequence = overflow === 'block' ? 'its producers wait' : 'lines beyond its capacity are dropped';
      return `log queue ${name} cannot be written (${reason}); ${consequence}`;
    });
  }

  resumed(): void {
    this.#report('log_resumed', ({ name }) => `log queue ${name} is writable again`);
  }

  rotationFailed(reason: string): void {
    this.#report('log_rotation_failed', ({ name }) => {
      return `the file of log queue ${name} cannot be rotated (${reason}); it keeps growing; retrying every minute`;
    });
  }

  #report(type: string, messageFor: (status: LogQueueStatus) => string): void {
    const status = this.#status();
    const { name, path, overflow: _, ...figures } = status;
    this.#emit({ type, queue: name, instance: null, message: messageFor(status), details: { path, ...figures } });
  }
}
