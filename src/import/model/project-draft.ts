// What an import makes before it becomes text: services with the keys of procs.yaml, and the comments that belong to them.
import { Findings } from './loss-findings.ts';
import { Origins, type SourceKey } from './origins.ts';
import { isPlainMap, type Plain, type PlainMap } from './plain.ts';

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
  protected readonly origins = new Origins();

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

  /** While `set` runs, comments go to the first key that is set, and what is set comes from `origin`. @returns the comments that no key took */
  carry(origin: SourceKey, comments: string[], set: () => void): string[] {
    const outer = this.#pending;
    this.#pending = comments;
    this.origins.noteChanges(() => this.values(), origin, set);
    const left = this.#pending;
    this.#pending = outer;
    return left;
  }

  /** All that it holds, under the keys that it is going to have. */
  protected values(): PlainMap {
    return this.keys;
  }

  #takeComments(key: string): void {
    if (this.#pending.length === 0) return;
    this.keyComments[key] = [...(this.keyComments[key] ?? []), ...this.#pending];
    this.#pending = [];
  }
}

/** No key of a service. */
const OVERLAYS = ' overlays';

export class ServiceDraft extends KeysDraft {
  /** As the source names it; `fitNames` makes it a valid name. */
  name: string;
  comments: string[] = [];
  /** The key or section that it comes from. */
  readonly origin: SourceKey | null;
  /** Overlays in which keys differ: environment -> keys. */
  readonly overlays: Record<string, PlainMap> = {};

  constructor(name: string, origin: SourceKey | null = null) {
    super();
    this.name = name;
    this.origin = origin;
  }

  /** The keys of the source that a value comes from. @param environment null: it is not of an overlay */
  knownOrigins(path: readonly string[], environment: string | null = null): SourceKey[] {
    return this.origins.of(environment === null ? path : [OVERLAYS, environment, ...path]);
  }

  /** The same, or else the service. @returns none: it is in no source */
  originsOf(path: readonly string[], environment: string | null = null): SourceKey[] {
    const known = this.knownOrigins(path, environment);
    if (known.length > 0 || this.origin === null) return known;
    return [{ path: `${this.origin.path} (${path.join('.')})`, at: this.origin.at }];
  }

  protected override values(): PlainMap {
    const { queue, errQueue, overlays } = this;
    const queues = { ...(queue && { log_queue: queue }), ...(errQueue && { stderr_queue: errQueue }) };
    return { ...this.keys, ...queues, [OVERLAYS]: overlays };
  }
}

/** A value of services that stands in the project instead. */
type MovedValue = { to: readonly string[]; services: readonly ServiceDraft[]; key: readonly string[] };

export class ProjectDraft extends KeysDraft {
  /** The source; of several files, the first one. */
  readonly file: string;
  /** The lines at the head of the source. */
  comments: string[] = [];
  readonly services: ServiceDraft[] = [];
  readonly findings = new Findings();
  readonly #moves: MovedValue[] = [];

  constructor(file: string) {
    super();
    this.file = file;
  }

  /** Adds one. */
  service(name: string, origin: SourceKey | null = null): ServiceDraft {
    const service = new ServiceDraft(name, origin);
    this.services.push(service);
    return service;
  }

  find(name: string): ServiceDraft | undefined {
    return this.services.find((service) => service.name === name);
  }

  /** Those with an overlay. */
  environments(): string[] {
    return [...new Set(this.services.flatMap(({ overlays }) => Object.keys(overlays)))];
  }

  /** From now on, `key` of these services stands in the project, at `to`. */
  noteMove(move: MovedValue): void {
    this.#moves.push(move);
  }

  /** Where a value of the project comes from: at least the source file. */
  originsOf(path: readonly string[]): SourceKey[] {
    const moved = this.#moves.flatMap(({ to, services, key }) => {
      const from = [...key, ...path.slice(to.length)];
      return to.every((step, index) => step === path[index]) ? services.map((service) => ({ service, from })) : [];
    });
    // Not all of the services that share a log queue have all of its keys.
    const known = moved.flatMap(({ service, from }) => service.knownOrigins(from));
    if (known.length > 0) return known;
    const services = moved.flatMap(({ service, from }) => service.originsOf(from));
    if (services.length > 0) return services;
    const own = this.origins.of(path);
    return own.length > 0 ? own : [{ path: path.join('.'), at: { file: this.file, line: 1 } }];
  }

  protected override values(): PlainMap {
    const { keys, queue } = this;
    return queue === null ? keys : { ...keys, log_queues: { ...this.map('log_queues'), default: queue } };
  }
}
