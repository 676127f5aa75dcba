// Records which services write to which queue, before their first line is read. See ../queue-services.ts.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type QueueServices, queueKey, readQueueServices } from '../queue-services.ts';

export class QueueServicesFile {
  readonly #path: string;
  readonly #root: string;
  readonly #recorded = new Map<string, Set<string>>();
  #isWritten = true;

  constructor(path: string, root: string) {
    this.#path = path;
    this.#root = root;
    for (const [key, services] of Object.entries(readQueueServices(path)))
      if (Array.isArray(services)) this.#recorded.set(key, new Set(services));
  }

  /** Writes the file if anything is new. */
  note(producers: Iterable<{ queuePath: string; service: string }>): void {
    for (const { queuePath, service } of producers) {
      const key = queueKey(this.#root, queuePath);
      const services = this.#recorded.get(key) ?? new Set();
      if (services.has(service)) continue;
      this.#recorded.set(key, services.add(service));
      this.#isWritten = false;
    }
    if (!this.#isWritten) this.#write();
  }

  #write(): void {
    const recorded: QueueServices = Object.fromEntries([...this.#recorded].map(([key, names]) => [key, [...names]]));
    try {
      writeFileSync(`${this.#path}.tmp`, JSON.stringify(recorded), { mode: 0o600 });
      renameSync(`${this.#path}.tmp`, this.#path);
      this.#isWritten = true;
    } catch {
      // A full disk, for example. Readers must not trust an incomplete record: without one, they read all queues.
      rmSync(this.#path, { force: true });
    }
  }
}
