// What an import makes before it becomes text: services with the keys of procs.yaml, and the comments that belong to them.
import type { SourceNode } from '../source/source-node.ts';
import { Findings } from './loss-findings.ts';

export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };
export type PlainMap = { [key: string]: Plain };

/** Keys of procs.yaml with their values, and the comments above them. */
export class KeysDraft {
  readonly keys: PlainMap = {};
  readonly keyComments: Record<string, string[]> = {};
  /** Comments behind a value. */
  readonly keyNotes: Record<string, string> = {};
  /** Comments of the source key that is being carried; the first key that is set takes them. */
  #pending: string[] = [];
  /** The log file of its own; `finishProject` names the queue. */
  queue: PlainMap | null = null;
  /** That of stderr, where it is another one. */
  errQueue: PlainMap | null = null;

  /** Replaces what is there. */
  set(key: string, value: Plain): void {
    this.keys[key] = value;
    this.#takeComments(key);
  }

  /** Adds to a map, such as `stop`; later keys win. */
  merge(key: string, values: PlainMap): void {
    const before = this.keys[key];
    this.set(key, { ...(isPlainMap(before) ? before : {}), ...values });
  }

  /** Adds to a list, such as `profiles`. */
  append(key: string, ...values: Plain[]): void {
    const before = this.keys[key];
    this.set(key, [...(Array.isArray(before) ? before : []), ...values]);
  }

  remove(key: string): void {
    delete this.keys[key];
  }

  map(key: string): PlainMap {
    const value = this.keys[key];
    return isPlainMap(value) ? value : {};
  }

  /** Between the two, comments go to the first key that is set. @returns those that no key took */
  carry(comments: string[], set: () => void): string[] {
    const outer = this.#pending;
    this.#pending = comments;
    set();
    const left = this.#pending;
    this.#pending = outer;
    return left;
  }

  #takeComments(key: string): void {
    if (this.#pending.length === 0) return;
    this.keyComments[key] = [...(this.keyComments[key] ?? []), ...this.#pending];
    this.#pending = [];
  }
}

export const isPlainMap = (value: unknown): value is PlainMap =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

export class ServiceDraft extends KeysDraft {
  /** As the source names it; `fitNames` makes it a valid name. */
  name: string;
  comments: string[] = [];
  /** The key or section that it comes from. */
  readonly origin: Pick<SourceNode, 'path' | 'at'> | null;
  /** Overlays in which keys differ: environment -> keys. */
  readonly overlays: Record<string, PlainMap> = {};

  constructor(name: string, origin: Pick<SourceNode, 'path' | 'at'> | null = null) {
    super();
    this.name = name;
    this.origin = origin;
  }
}

export class ProjectDraft extends KeysDraft {
  /** The lines at the head of the source. */
  comments: string[] = [];
  readonly services: ServiceDraft[] = [];
  readonly findings = new Findings();

  /** Adds one. */
  service(name: string, origin: Pick<SourceNode, 'path' | 'at'> | null = null): ServiceDraft {
    const service = new ServiceDraft(name, origin);
    this.services.push(service);
    return service;
  }

  find(name: string): ServiceDraft | undefined {
    return this.services.find((service) => service.name === name);
  }
}
