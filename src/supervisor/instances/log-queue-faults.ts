// Which log queues cannot be written, as the log writer reports it. Services that write to one stop at its next full pipe.
import { queuesWrittenBy, type WrittenQueues } from '../../core/log-queue-spec.ts';
import type { ProjectConfig } from '../../core/spec.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import type { WriterEvent } from '../../logs/writer-protocol.ts';
import { errorText } from '../../os/errors.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';

/** The log writer gets the queues of a configuration. */
export function configureQueues(
  writer: Pick<LogWriterClient, 'configure'>,
  { logQueues }: Pick<ProjectConfig, 'logQueues'>,
  journal: SupervisorContext['journal'],
): void {
  void writer.configure(logQueues).catch((error) => {
    const message = `Log queues could not be set up: ${errorText(error)}`;
    journal.report({ type: 'log_queue_failed', instance: null, message });
  });
}

export class LogQueueFaults {
  readonly #messages = new Map<string, string>();

  note({ type, queue, message }: Pick<WriterEvent, 'type' | 'queue' | 'message'>): void {
    if (queue === null) return;
    if (type === 'log_blocked') this.#messages.set(queue, `${message.charAt(0).toUpperCase()}${message.slice(1)}.`);
    else if (type === 'log_resumed') this.#messages.delete(queue);
  }

  /** The configuration changed. */
  configure(queues: readonly { name: string }[]): void {
    const names = new Set(queues.map(({ name }) => name));
    for (const queue of this.#messages.keys()) if (!names.has(queue)) this.#messages.delete(queue);
  }

  /** The log writer was lost: the next one reports what it finds. */
  clear(): void {
    this.#messages.clear();
  }

  /** @returns a sentence; null: the queue can be written. */
  of(queue: string): string | null {
    return this.#messages.get(queue) ?? null;
  }

  /** @returns the same for the queues that a service writes to. */
  ofService(spec: WrittenQueues): string | null {
    return (
      queuesWrittenBy(spec)
        .map((queue) => this.of(queue))
        .find((fault) => fault !== null) ?? null
    );
  }
}
