// Watches the files that services name. Once a burst of changes has settled: restarts the instances, sends them a signal, or
// runs a command. Level-triggered: a new configuration replaces only the watches that differ.
import type { Incarnation } from '../../core/slot.ts';
import {
  type Command,
  instanceId,
  type ProjectConfig,
  type ServiceName,
  type ServiceSpec,
  type WatchPolicy,
} from '../../core/spec.ts';
import { errorText } from '../../os/errors.ts';
import type { RunningCheck } from '../../os/probe/running-check.ts';
import { signalMain } from '../../os/tree/signal.ts';
import { type GlobWatch, watchGlobs } from '../../os/watch/watch-globs.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { CommandOutputs } from './command-outputs.ts';
import { prepareCommand, runWithin } from './instance-command.ts';

type WatchedService = {
  spec: ServiceSpec;
  policy: WatchPolicy;
  files: GlobWatch;
  /** What is not watched as it should be; one sentence each. */
  failures: string[];
  changed: Set<string>;
  settling: { timer: NodeJS.Timeout; sinceMs: number } | null;
  /** The command of `action: run`; `again`: files changed meanwhile. */
  running: { command: RunningCheck; again: boolean } | null;
};

/** Files that keep changing are acted on at least this often. */
const LONGEST_SETTLE_MS = 10_000;
const LONGEST_RUN_MS = 10 * 60_000;

export class FileWatches {
  #context: SupervisorContext;
  #outputs: CommandOutputs;
  #reloadAll: (service: ServiceName) => void;
  #watched = new Map<ServiceName, WatchedService>();
  /** Directory of the configuration, without links. */
  #root = '';
  /** What orch itself writes, absolute: it must not count as an edit. */
  #ownFiles: string[] = [];
  #isPaused = false;

  /** @param reloadAll of `action: reload` */
  constructor(context: SupervisorContext, outputs: CommandOutputs, reloadAll: (service: ServiceName) => void) {
    this.#context = context;
    this.#reloadAll = reloadAll;
    this.#outputs = outputs;
  }

  /** The configuration changed. */
  configure({ root, services, logQueues }: Pick<ProjectConfig, 'root' | 'services' | 'logQueues'>): void {
    const ownFiles = [this.#context.paths.stateDir, ...logQueues.map(({ path }) => path)];
    const isSame = root === this.#root && JSON.stringify(ownFiles) === JSON.stringify(this.#ownFiles);
    this.#ownFiles = ownFiles;
    this.#root = root;
    const wanted = new Map(services.filter(({ watch, enabled }) => watch && enabled).map((spec) => [spec.name, spec]));
    for (const [name, watched] of this.#watched) {
      const spec = wanted.get(name);
      if (spec && isSame && JSON.stringify(spec.watch) === JSON.stringify(watched.policy)) watched.spec = spec;
      else this.#drop(name, watched);
    }
    for (const spec of wanted.values()) if (!this.#watched.has(spec.name)) this.#begin(spec, spec.watch!);
  }

  /** While paused, changes are collected; afterwards each service acts once on what has changed meanwhile. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    for (const watched of this.#watched.values()) if (watched.changed.size > 0 && !watched.settling) this.#act(watched);
  }

  /** @returns a sentence for each thing that is not watched as it should be. */
  notesOf(service: string): string[] {
    const { failures = [] } = this.#watched.get(service as ServiceName) ?? {};
    return failures.map((why) => `Watch: ${why}.`);
  }

  #begin(spec: ServiceSpec, policy: WatchPolicy): void {
    const files = watchGlobs(this.#root, {
      paths: policy.paths,
      ignore: policy.ignore,
      excluded: this.#ownFiles,
      onChange: (path) => this.#changed(watched, path),
      onFailure: (why) => {
        watched.failures.push(why);
        this.#report(watched.spec, 'watch_degraded', why);
      },
    });
    const [changed, failures] = [new Set<string>(), [] as string[]];
    const watched: WatchedService = { spec, policy, files, failures, changed, settling: null, running: null };
    this.#watched.set(spec.name, watched);
  }

  #drop(name: ServiceName, { files, settling, running }: WatchedService): void {
    this.#watched.delete(name);
    if (settling) clearTimeout(settling.timer);
    running?.command.cancel('not watched any more');
    void files.close();
  }

  #changed(watched: WatchedService, path: string): void {
    watched.changed.add(path);
    const sinceMs = watched.settling?.sinceMs ?? performance.now();
    if (watched.settling) clearTimeout(watched.settling.timer);
    const leftMs = LONGEST_SETTLE_MS - (performance.now() - sinceMs);
    const timer = setTimeout(() => this.#act(watched), Math.max(0, Math.min(watched.policy.debounceMs, leftMs)));
    watched.settling = { timer, sinceMs };
  }

  #act(watched: WatchedService): void {
    watched.settling = null;
    if (this.#isPaused) return;
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
      reload: 'reloading',
      signal: `sending ${action.kind === 'signal' ? action.signal : ''}`,
      run: 'running the command',
    };
    this.#report(spec, 'files_changed', `${what}; ${doing[action.kind]}`, { files: [first, ...more].slice(0, 20) });
    for (const slot of this.#context.specs.slots.values()) {
      if (slot.service !== spec.name) continue;
      if (action.kind === 'restart') this.#context.inbox.receive(slot.id, null, { kind: 'restartRequested' });
      else if (action.kind === 'signal' && slot.phase.kind === 'alive')
        this.#signal(spec, slot.phase.process, action.signal);
    }
    if (action.kind === 'reload') this.#reloadAll(spec.name);
    if (action.kind === 'run') void this.#run(watched, action.command);
  }

  #signal(spec: ServiceSpec, incarnation: Incarnation, signal: string): void {
    try {
      signalMain({ incarnation, isOurChild: false }, signal);
    } catch (error) {
      this.#report(spec, 'watch_failed', `${signal} was not sent to pid ${incarnation.pid}: ${errorText(error)}`);
    }
  }

  async #run(watched: WatchedService, command: Command): Promise<void> {
    const { spec } = watched;
    const extra = { ORCH_NONCE: this.#context.nonces.forHook() };
    const context = this.#context.launchContext(instanceId(spec.name, 1));
    const log = this.#outputs.logOf(spec.name, 'watch', spec);
    const running = prepareCommand({ spec, index: 1, command, extra, log }, context)();
    watched.running = { command: running, again: false };
    const outcome = await runWithin(running, LONGEST_RUN_MS, `not done within ${LONGEST_RUN_MS / 60_000} min`);
    const { again } = watched.running;
    watched.running = null;
    if (this.#watched.get(watched.spec.name) !== watched) return;
    if (!outcome.ok) this.#report(watched.spec, 'watch_failed', `the command of its watch failed: ${outcome.because}`);
    if (again) this.#act(watched);
  }

  #report({ name }: ServiceSpec, type: string, message: string, details: Record<string, unknown> = {}): void {
    const draft = { type, instance: null, message: `${name}: ${message}`, details: { service: name, ...details } };
    this.#context.journal.report(draft);
  }

  close(): void {
    for (const [name, watched] of this.#watched) this.#drop(name, watched);
  }
}
