// The queues that a log writer must know: those of the configuration, and those that are no longer in it as long as
// somebody still writes to them. Plain bookkeeping, no effects.
import type { LogQueueSpec } from '../core/model.ts';

type Writing = readonly { queue: string }[];

export class NeededQueues {
  /** Of the newest configuration; null: none came yet. */
  named: LogQueueSpec[] | null = null;
  private former: LogQueueSpec[] = [];

  /** @param sources all that writes */
  configure(queues: LogQueueSpec[], sources: Writing): void {
    const names = new Set(queues.map(({ name }) => name));
    const before = [...this.former, ...(this.named ?? [])];
    this.named = queues;
    this.former = before.filter(({ name }) => !names.has(name));
    this.former = this.formerOf(sources);
  }

  /** Those no longer named to which one of the sources writes. */
  formerOf(sources: Writing): LogQueueSpec[] {
    return this.former.filter(({ name }) => sources.some(({ queue }) => queue === name));
  }
}
