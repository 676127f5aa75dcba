// `connect`: the supervisor of a project, as its clients see it.
import type { Client } from '../api/client.ts';
import type {
  EventRecord,
  Explanation,
  Method,
  MethodParams,
  MethodResult,
  StartResult,
  Status,
  StreamEvent,
} from '../api/protocol.ts';
import { openProject } from '../cli/context/running-project.ts';
import { selectRunning } from '../cli/context/selection.ts';
import { untilGone } from '../cli/up/supervisor-presence.ts';
import { EventQueue } from './event-queue.ts';
import { asOrchError, OrchError } from './orch-error.ts';
import { contextOf, type ProjectOptions } from './project-options.ts';

/** Services (`api`), instances (`api.2`), tags (`tag:backend`) or patterns (`worker-*`). `*` means all; an empty list is an error. */
export type Names = string | readonly string[];

export type EventStreamOptions = {
  /** The first one, by its `seq`. Default: the oldest that is kept. */
  fromSeq?: number | undefined;
  /** Stay for events that are still to come. Default: true. */
  follow?: boolean | undefined;
  /** Ends the stream. */
  signal?: AbortSignal | undefined;
};

export type StatusStreamOptions = {
  /** The shortest time between two statuses. Default: 100. */
  minIntervalMs?: number | undefined;
  signal?: AbortSignal | undefined;
};

export type ConditionOptions = {
  /** Default: `ended` where all names are tasks, otherwise `converged`. */
  for?: 'converged' | 'ready' | 'stopped' | 'ended' | undefined;
  /** Default: no limit. */
  timeoutMs?: number | undefined;
};

/** Every method rejects with an `OrchError` where the supervisor refuses, cannot do it, or is gone (`lost`). */
export type Connection = {
  readonly project: string;
  /** The configuration file that the supervisor follows, absolute. */
  readonly file: string;
  /** Of the supervisor. */
  readonly pid: number;
  readonly version: string;
  status(): Promise<Status>;
  /** A status at once, and after changes. What is not read in time is replaced by what is newer. */
  watch(options?: StatusStreamOptions): AsyncIterableIterator<Status>;
  /** Past events, then those to come. */
  events(options?: EventStreamOptions): AsyncIterableIterator<EventRecord>;
  /** Why instances are in their state. */
  why(name: string): Promise<Explanation[]>;
  start(names: Names): Promise<StartResult>;
  /** Resolves once their processes are gone. */
  stop(names: Names, options?: { timeoutMs?: number }): Promise<{ instances: string[] }>;
  restart(names: Names): Promise<StartResult>;
  /** Until the next edit of the pool in the file; null: back to what the file says. */
  scale(service: string, size: number | null): Promise<{ service: string; size: number }>;
  signal(name: string, signal: string): Promise<{ instances: string[] }>;
  /** Rejects as soon as what it waits for cannot come. `exitCode`: of tasks. */
  wait(names?: Names, options?: ConditionOptions): Promise<{ waitedMs: number; exitCode?: number }>;
  /** Stops everything, then the supervisor; resolves once its process is gone. */
  down(options?: { timeoutMs?: number }): Promise<{ stopped: number }>;
  /** Ends this connection; what runs keeps running. */
  close(): void;
  /** Resolves once the connection is gone, whichever side ended it. */
  readonly closed: Promise<void>;
};

/** @returns null where no supervisor runs. Rejects with an `OrchError` where one runs but does not answer. */
export async function connect(options: string | ProjectOptions = {}): Promise<Connection | null> {
  const { file, stateDir } = contextOf(options);
  try {
    const { client } = await openProject({ file, stateDir });
    if (!client) return null;
    const hello = await client.request('hello', {}).catch((error) => {
      client.close();
      throw error;
    });
    return new LibraryConnection(client, hello);
  } catch (error) {
    throw asOrchError(error, file);
  }
}

/** Events are many and each counts; a reader that falls behind by more gives up. */
const MAX_UNREAD_EVENTS = 10_000;

class LibraryConnection implements Connection {
  readonly project: string;
  readonly file: string;
  readonly pid: number;
  readonly version: string;
  readonly #client: Client;

  constructor(client: Client, { project, file, pid, version }: MethodResult<'hello'>) {
    this.#client = client;
    this.project = project;
    this.file = file;
    this.pid = pid;
    this.version = version;
  }

  get closed(): Promise<void> {
    return this.#client.closed;
  }

  close(): void {
    this.#client.close();
  }

  status(): Promise<Status> {
    return this.#request('status', {});
  }

  watch({ minIntervalMs = 100, signal }: StatusStreamOptions = {}): AsyncIterableIterator<Status> {
    return this.#stream('watchStatus', { minIntervalMs }, { limit: 1, latest: true }, signal);
  }

  events({ fromSeq, follow = true, signal }: EventStreamOptions = {}): AsyncIterableIterator<EventRecord> {
    const params = { follow, ...(fromSeq !== undefined && { fromSeq }) };
    return this.#stream('events', params, { limit: MAX_UNREAD_EVENTS, latest: false }, signal);
  }

  async why(name: string): Promise<Explanation[]> {
    return (await this.#request('why', { name })).explanations;
  }

  async start(names: Names): Promise<StartResult> {
    return this.#request('start', { names: await this.#select(names, 'start') });
  }

  async stop(names: Names, { timeoutMs }: { timeoutMs?: number } = {}): Promise<{ instances: string[] }> {
    return this.#request('stop', { names: await this.#select(names, 'look'), timeoutMs: timeoutMs ?? null });
  }

  async restart(names: Names): Promise<StartResult> {
    return this.#request('restart', { names: await this.#select(names, 'wanted') });
  }

  scale(service: string, size: number | null): Promise<{ service: string; size: number }> {
    return this.#request('scale', { service, size });
  }

  signal(name: string, signal: string): Promise<{ instances: string[] }> {
    return this.#request('signal', { name, signal });
  }

  async wait(names?: Names, options: ConditionOptions = {}): Promise<{ waitedMs: number; exitCode?: number }> {
    const chosen = names === undefined ? [] : await this.#select(names, 'wanted');
    const { for: condition, timeoutMs } = options;
    return this.#request('wait', {
      ...(condition && { for: condition }),
      names: chosen,
      timeoutMs: timeoutMs ?? null,
    });
  }

  async down({ timeoutMs }: { timeoutMs?: number } = {}): Promise<{ stopped: number }> {
    const { done } = this.#client.stream('down', { timeoutMs: timeoutMs ?? null }, () => undefined);
    const { stopped, leftovers } = await done.catch((error: unknown) => {
      throw asOrchError(error, this.file);
    });
    await untilGone(this.pid);
    if (leftovers.length === 0) return { stopped };
    const named = leftovers.map(({ pid, instance }) => `${instance} (pid ${pid})`).join(', ');
    throw new OrchError({ code: 'failed', message: `still alive: ${named}` }, this.file);
  }

  async #request<M extends Method>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    try {
      return await this.#client.request(method, params);
    } catch (error) {
      throw asOrchError(error, this.file);
    }
  }

  async #select(names: Names, purpose: 'start' | 'look' | 'wanted'): Promise<string[]> {
    const words = typeof names === 'string' ? [names] : [...names];
    if (words.length === 0)
      throw new OrchError({ code: 'usage', message: 'no names are given; `*` means all' }, this.file);
    try {
      return await selectRunning(this.#client, words, {}, purpose);
    } catch (error) {
      throw asOrchError(error, this.file);
    }
  }

  #stream<M extends Method>(
    method: M,
    params: MethodParams<M>,
    limits: { limit: number; latest: boolean },
    signal: AbortSignal | undefined,
  ): AsyncIterableIterator<StreamEvent<M>> {
    const cancel = (): void => {
      signal?.removeEventListener('abort', cancel);
      stream.cancel();
    };
    const queue = new EventQueue<StreamEvent<M>>(limits, cancel);
    const stream = this.#client.stream(method, params, (event) => queue.push(event));
    stream.done.then(
      () => queue.end(null),
      (error: unknown) => {
        const ended = asOrchError(error, this.file);
        queue.end(ended instanceof OrchError && ended.code === 'cancelled' ? null : ended);
      },
    );
    if (signal?.aborted) cancel();
    signal?.addEventListener('abort', cancel);
    return queue;
  }
}
