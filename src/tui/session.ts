// The supervisor as the view sees it: status and events come in as messages, commands go out.
// Keeps no state of the view and draws nothing.
import { type Client, ClientError } from '../api/client.ts';
import { countEdits, heldText } from '../api/held-edit.ts';
import type { EventRecord, MethodResult, StartResult, WireError } from '../api/protocol.ts';
import type { HeldEdit } from '../api/protocol-edits.ts';
import { askPage } from './ask-page.ts';
import type { Details } from './model/details.ts';
import type { Effect, ProjectMethod, ScaleEffect } from './model/effects.ts';
import type { UiMessage } from './model/messages.ts';
import type { AskingPage } from './model/page-answer.ts';
import type { Tone } from './model/state.ts';

/** Writes a pool size into procs.yaml and applies it; the error says why it could not. */
export type ScaleInFile = (
  service: string,
  size: number,
) => Promise<{ ok: true; held?: HeldEdit | undefined } | { ok: false; error: WireError }>;
/** Reads all that is known about a row; throws an error with a message for people. */
export type ReadDetails = (name: string) => Promise<Details>;
export type SessionCommand = Extract<
  Effect,
  {
    kind:
      | 'command'
      | 'scale'
      | 'signal'
      | 'reload'
      | 'project'
      | 'explain'
      | 'describe'
      | 'ask'
      | 'applyHeld'
      | 'rollBack';
  }
>;

type SessionOptions = {
  client: Client;
  scaleInFile: ScaleInFile | null;
  describe: ReadDetails | null;
  dispatch(message: UiMessage): void;
};

const STATUS_INTERVAL_MS = 100;
const PAST_EVENTS = 200;

export class SupervisorSession {
  readonly #options: SessionOptions;
  readonly #streams: { cancel(): void }[] = [];
  #newEvents: EventRecord[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  start(): void {
    const { client, dispatch } = this.#options;
    const status = client.stream('watchStatus', { minIntervalMs: STATUS_INTERVAL_MS, known: true }, (next) => {
      dispatch({ kind: 'status', status: next, nowMs: Date.now() });
    });
    const events = client.stream('events', { follow: true, limit: PAST_EVENTS }, (event) => this.#collect(event));
    this.#streams.push(status, events);
    for (const { done } of [status, events]) done.catch((error) => this.#report(error));
  }

  stop(): void {
    for (const stream of this.#streams) stream.cancel();
  }

  async run(command: SessionCommand): Promise<void> {
    try {
      await this.#send(command);
    } catch (error) {
      if (isLost(error)) this.#notify('no supervisor answers; nothing was done', 'bad');
      else this.#report(error);
    }
  }

  /** Resolves when the shutdown is over; rejects with a ClientError. Progress comes as messages. */
  down(timeoutMs: number | null): Promise<MethodResult<'down'>> {
    const { client, dispatch } = this.#options;
    return client.stream('down', { timeoutMs }, (progress) => dispatch({ kind: 'shutdownProgress', progress })).done;
  }

  /** From now on the project outlives this view. Rejects with a ClientError. */
  async disown(): Promise<void> {
    await this.#options.client.request('disown', {});
  }

  async #send(command: SessionCommand): Promise<void> {
    const { client } = this.#options;
    switch (command.kind) {
      case 'command': {
        const { instances, notStarted }: StartResult = await client.request(command.method, { names: command.names });
        const first = notStarted?.[0];
        if (first) this.#notify(`${first.instance} was not started: ${first.reason}`, 'bad');
        else this.#notify(commandNotice(command.method, command.names, instances.length), 'good');
        return;
      }
      case 'scale':
        await this.#scale(command);
        return;
      case 'signal': {
        const reached = command.names.map((name) => client.request('signal', { name, signal: command.signal }));
        const instances = (await Promise.all(reached)).flatMap((each) => each.instances);
        this.#notify(`${command.signal} sent to ${instances.join(', ')}`, 'good');
        return;
      }
      case 'reload':
        await this.#reload(command.name);
        return;
      case 'project':
        await this.#changeProject(command.method);
        return;
      case 'explain':
        await this.#explain(command.name);
        return;
      case 'ask':
        await this.#askPage(command.of);
        return;
      case 'rollBack':
        await this.#rollBack(command.to);
        return;
      case 'applyHeld': {
        const { generation } = await client.request('applyHeld', { since: command.since });
        this.#notify(`the edit on disk is applied: generation ${generation}`, 'good');
        return;
      }
      case 'describe':
        await this.#describe(command.name);
    }
  }

  async #reload(name: string): Promise<void> {
    const { instances } = await this.#options.client.request('reload', { name });
    const failed = instances.find(({ error }) => error !== null);
    if (failed) this.#notify(`${failed.id} was not reloaded: ${failed.error}`, 'bad');
    else this.#notify(`reloaded ${instances.map(({ id, how }) => `${id} (${how})`).join(', ')}`, 'good');
  }

  async #changeProject(method: ProjectMethod): Promise<void> {
    const { client } = this.#options;
    switch (method) {
      case 'pause':
        await client.request('pause', {});
        this.#notify('edits of the files wait from now on', 'good');
        return;
      case 'resume': {
        const { edits, status, held } = await client.request('resume', {});
        if (status === 'rejected') this.#notify('the files are not valid: nothing was applied', 'bad');
        else if (held) this.#notify(heldText(held), 'warn');
        else this.#notify(`edits are applied again; ${countEdits(edits ?? 0)} waited`, 'good');
        return;
      }
      case 'rollback':
        await this.#rollBack(null);
    }
  }

  /** @param wanted null: the generation before */
  async #rollBack(wanted: number | null): Promise<void> {
    const { to, changed } = await this.#options.client.request('rollback', { to: wanted });
    const until = 'is in force again, until the files change';
    this.#notify(changed ? `the configuration of generation ${to} ${until}` : `generation ${to} is in force`, 'good');
  }

  async #scale({ service, size, target, before }: ScaleEffect): Promise<void> {
    const { client, scaleInFile, dispatch } = this.#options;
    if (target === 'override' || scaleInFile === null || size === null) {
      const { size: now } = await client.request('scale', { service, size });
      const how = size === null ? 'as its file says' : 'as an override; procs.yaml is unchanged';
      this.#notify(`${service} scaled to ${now} ${how}`, 'good');
      dispatch({ kind: 'scaled', service, before, target: 'override' });
      return;
    }
    const result = await scaleInFile(service, size);
    if (result.ok) dispatch({ kind: 'scaled', service, before, target });
    if (!result.ok) this.#notify(errorText(result.error), 'bad');
    else if (result.held) this.#notify(`procs.yaml: ${service} scaled to ${size}; ${heldText(result.held)}`, 'warn');
    else this.#notify(`procs.yaml: ${service} scaled to ${size}`, 'good');
  }

  async #explain(name: string): Promise<void> {
    const { client, dispatch } = this.#options;
    try {
      const { explanations } = await client.request('why', { name });
      dispatch({ kind: 'explained', name, explanations, error: null });
    } catch (error) {
      dispatch({ kind: 'explained', name, explanations: null, error: messageOf(error) });
    }
  }

  async #askPage(of: AskingPage): Promise<void> {
    const { client, dispatch } = this.#options;
    try {
      dispatch({ kind: 'answered', answer: await askPage(client, of) });
    } catch (error) {
      dispatch({ kind: 'unanswered', of, error: messageOf(error) });
    }
  }

  async #describe(name: string): Promise<void> {
    const { describe, dispatch } = this.#options;
    try {
      if (describe === null) throw new Error('not available here');
      dispatch({ kind: 'described', name, details: await describe(name), error: null });
    } catch (error) {
      dispatch({ kind: 'described', name, details: null, error: messageOf(error) });
    }
  }

  /** Past events come in one burst: one message for all of them. */
  #collect(event: EventRecord): void {
    this.#newEvents.push(event);
    if (this.#newEvents.length > 1) return;
    setImmediate(() => {
      const events = this.#newEvents;
      this.#newEvents = [];
      this.#options.dispatch({ kind: 'events', events });
    });
  }

  #report(error: unknown): void {
    if (isLost(error) || (error instanceof ClientError && error.wire.code === 'cancelled')) return;
    this.#notify(messageOf(error), 'bad');
  }

  #notify(text: string, tone: Tone): void {
    this.#options.dispatch({ kind: 'notice', text, tone, nowMs: Date.now() });
  }
}

/** The connection ended; the controller notices that as well. */
export function isLost(error: unknown): boolean {
  return error instanceof ClientError && error.wire.code === 'lost';
}

export function messageOf(error: unknown): string {
  return error instanceof ClientError ? errorText(error.wire) : String((error as Error)?.message ?? error);
}

function errorText({ file, line, column, message, hint }: WireError): string {
  const position = [file, line, column].filter((part) => part !== undefined).join(':');
  return `${position === '' ? '' : `${position} `}${message}${hint ? ` (${hint})` : ''}`;
}

function commandNotice(method: 'start' | 'stop' | 'restart', names: string[], count: number): string {
  const name = names.length === 1 ? names[0] : `${names.length} services`;
  const instances = count > 1 ? ` (${count} instances)` : '';
  if (method === 'stop') return `stopping ${name}${instances}; it stays stopped until it is started again`;
  return `${method === 'start' ? 'starting' : 'restarting'} ${name}${instances}`;
}
