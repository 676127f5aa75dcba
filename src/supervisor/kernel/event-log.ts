// Keeps the newest events in memory for clients and appends every event to `.orch/events.jsonl`. Bounded in both places.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { appendFile, rename, stat } from 'node:fs/promises';
import { rotatedEventsFile } from '../../api/paths.ts';
import type { EventRecord } from '../../api/protocol.ts';
import { parseInstanceId } from '../../core/spec.ts';
import type { Clock } from '../../os/clock.ts';
import type { EventDraft } from './events.ts';

const MAX_KEPT_EVENTS = 2_000;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Holds the last event, whatever its details are. */
const TAIL_BYTES = 64 * 1024;

export class EventLog {
  #events: EventRecord[] = [];
  #listeners = new Set<(event: EventRecord) => void>();
  #nextSeq: number;
  #unwritten = '';
  #writing: Promise<void> | null = null;
  #path: string;
  #clock: Clock;

  /** Numbers continue those of the earlier supervisors in the file. @param path of the file; its directory exists. */
  constructor(path: string, clock: Clock) {
    const tail = readTail(path);
    this.#nextSeq = (lastSeqIn(tail) ?? lastSeqIn(readTail(rotatedEventsFile(path))) ?? 0) + 1;
    if (tail !== '' && !tail.endsWith('\n')) this.#unwritten = '\n'; // a supervisor was killed while it wrote
    this.#path = path;
    this.#clock = clock;
  }

  report({ type, instance, message, details = {} }: EventDraft): void {
    const event: EventRecord = {
      seq: this.#nextSeq++,
      time: new Date(this.#clock.nowMs()).toISOString(),
      type,
      service: instance ? (parseInstanceId(instance)?.service ?? null) : null,
      instance,
      message,
      details,
    };
    this.#events.push(event);
    if (this.#events.length > MAX_KEPT_EVENTS * 1.25) this.#events = this.#events.slice(-MAX_KEPT_EVENTS);
    this.#unwritten += `${JSON.stringify(event)}\n`;
    this.#writing ??= this.#write();
    for (const listener of this.#listeners) listener(event);
  }

  /** @returns kept events from `fromSeq` on, at most the `limit` newest. */
  since(fromSeq: number, limit: number): EventRecord[] {
    return this.#events.filter(({ seq }) => seq >= fromSeq).slice(-limit);
  }

  /** @returns the function that ends the subscription. */
  subscribe(listener: (event: EventRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when every event so far is on disk, or could not be written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#unwritten) {
      const text = this.#unwritten;
      this.#unwritten = '';
      try {
        await appendFile(this.#path, text, { mode: 0o600 });
        if ((await stat(this.#path)).size > MAX_FILE_BYTES) await rename(this.#path, rotatedEventsFile(this.#path));
      } catch {
        // A full or missing disk must not end the supervision; memory still has the events.
        break;
      }
    }
    this.#writing = null;
  }
}

/** @returns null: it holds none */
function lastSeqIn(tail: string): number | null {
  const last = tail
    .slice(0, tail.lastIndexOf('\n') + 1)
    .match(/^\{"seq":\d+,/gm)
    ?.at(-1);
  return last === undefined ? null : Number(/\d+/.exec(last)![0]);
}

function readTail(path: string): string {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, size - bytes.length));
  } catch {
    return ''; // no event was written yet
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
