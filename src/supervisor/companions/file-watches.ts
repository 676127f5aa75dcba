// Watches the files that services name and does what they ask for once a burst of changes has settled: restart the
// instances, send them a signal, or run a command. Level-triggered towards the configuration: only what differs is set up anew.
import type {
  Incarnation,
  InstanceEvent,
  InstanceId,
  ServiceName,
  ServiceSpec,
  Slot,
  WatchPolicy,
} from '../../core/model.ts';
import type { Running } from '../../runtime/probe/running.ts';
import { signalMain } from '../../runtime/tree/signal.ts';
import { type GlobWatch, watchGlobs } from '../../runtime/watch/watch-globs.ts';
import { errorText } from '../error-text.ts';
import type { Happening } from '../happenings.ts';
import type { LaunchContext } from '../perform/launch.ts';
import { prepareBeside } from '../perform/run-beside.ts';

export type FileWatchOptions = {
  root: string;
  launchContext(): LaunchContext;
  newNonce(): string;
  slots(): Iterable<Slot>;
  receive(id: InstanceId, nonce: string | null, event: InstanceEvent): void;
  report(happening: Happening): void;
};

type Watched = {
  spec: ServiceSpec;
  policy: WatchPolicy;
  files: GlobWatch;
  changed: Set<string>;
  settling: { timer: NodeJS.Timeout; sinceMs: number } | null;
  /** The command of `action: run`; `again`: files changed meanwhile. */
  running: { command: Running; again: boolean } | null;
};

/** Files that change without end are acted on now and then all the same. */
const LONGEST_SETTLE_MS = 10_000;
const LONGEST_RUN_MS = 10 * 60_000;

export class FileWatches {
  #options: FileWatchOptions;
  #watched = new Map<ServiceName, Watched>();

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  /** The configuration changed. */
  keep(services: readonly ServiceSpec[]): void {
    const wanted = new Map(services.filter(({ watch, enabled }) => watch && enabled).map((spec) => [spec.name, spec]));
    for (const [name, watched] of this.#watched) {
      const spec = wanted.get(name);
      if (spec && JSON.stringify(spec.watch) === JSON.stringify(watched.policy)) watched.spec = spec;
      else this.#drop(name, watched);
    }
    for (const spec of wanted.values()) if (!this.#watched.has(spec.name)) this.#begin(spec, spec.watch!);
  }

  #begin(spec: ServiceSpec, policy: WatchPolicy): void {
    const files = watchGlobs(this.#options.root, {
      ...policy,
      onChange: (path) => this.#changed(watched, path),
      onFailure: (why) => this.#tell(watched.spec, 'watch_degraded', `not all of its files can be watched: ${why}`),
    });
    const watched: Watched = { spec, policy, files, changed: new Set(), settling: null, running: null };
    this.#watched.set(spec.name, watched);
  }

  #drop(name: ServiceName, { files, settling, running }: Watched): void {
    this.#watched.delete(name);
    if (settling) clearTimeout(settling.timer);
    running?.command.cancel('not watched any more');
    void files.close();
  }

  #changed(watched: Watched, path: string): void {
    watched.changed.add(path);
    const sinceMs = watched.settling?.sinceMs ?? performance.now();
    if (watched.settling) clearTimeout(watched.settling.timer);
    const leftMs = LONGEST_SETTLE_MS - (performance.now() - sinceMs);
    const timer = setTimeout(() => this.#act(watched), Math.max(0, Math.min(watched.policy.debounceMs, leftMs)));
    watched.settling = { timer, sinceMs };
  }

  #act(watched: Watched): void {
    watched.settling = null;
    const { spec, policy, changed, running } = watched;
    if (running) {
      running.again = true;
      return;
    }
    const [first = '', ...more] = changed;
    watched.changed = new Set();
    const what = `${first}${more.length > 0 ? ` and ${more.length} more` : ''} changed`;
    const { action } = policy;
    const doing = {
      restart: 'restarting',
      signal: `sending ${action.kind === 'signal' ? action.signal : ''}`,
      run: 'running the command',
    };
    this.#tell(spec, 'files_changed', `${what}; ${doing[action.kind]}`, { files: [first, ...more].slice(0, 20) });
    for (const slot of this.#options.slots()) {
      if (slot.service !== spec.name) continue;
      if (action.kind === 'restart') this.#options.receive(slot.id, null, { kind: 'restartRequested' });
      else if (action.kind === 'signal' && slot.phase.kind === 'alive')
        this.#signal(spec, slot.phase.process, action.signal);
    }
    if (action.kind === 'run') void this.#run(watched, action.command);
  }

  #signal(spec: ServiceSpec, incarnation: Incarnation, signal: string): void {
    try {
      signalMain({ incarnation, ourChild: false }, signal);
    } catch (error) {
      this.#tell(spec, 'watch_failed', `${signal} was not sent to pid ${incarnation.pid}: ${errorText(error)}`);
    }
  }

  async #run(watched: Watched, command: Extract<WatchPolicy['action'], { kind: 'run' }>['command']): Promise<void> {
    const extra = { ORCH_NONCE: this.#options.newNonce() };
    const running = prepareBeside({ spec: watched.spec, index: 1, command, extra }, this.#options.launchContext())();
    watched.running = { command: running, again: false };
    const timer = setTimeout(() => running.cancel(`not done within ${LONGEST_RUN_MS / 60_000} min`), LONGEST_RUN_MS);
    const outcome = await running.outcome;
    clearTimeout(timer);
    const { again } = watched.running;
    watched.running = null;
    if (this.#watched.get(watched.spec.name) !== watched) return;
    if (!outcome.ok) this.#tell(watched.spec, 'watch_failed', `the command of its watch failed: ${outcome.because}`);
    if (again) this.#act(watched);
  }

  #tell({ name }: ServiceSpec, type: string, message: string, details: Record<string, unknown> = {}): void {
    this.#options.report({
      type,
      instance: null,
      message: `${name}: ${message}`,
      details: { service: name, ...details },
    });
  }

  close(): void {
    for (const [name, watched] of this.#watched) this.#drop(name, watched);
  }
}
