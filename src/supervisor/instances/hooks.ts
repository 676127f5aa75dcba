// Runs the commands that a service declares around the life of its instances. `before_start` decides whether an instance
// starts; the other two follow events, and their failures are reported. Never two of one kind for one instance at a time.
import type { EventRecord } from '../../api/protocol.ts';
import { initialReadiness } from '../../core/readiness.ts';
import type { Slot } from '../../core/slot.ts';
import type { Command, InstanceId, ServiceSpec } from '../../core/spec.ts';
import type { RunningCheck } from '../../os/probe/running-check.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { CommandOutputs } from './command-outputs.ts';
import { prepareCommand, runWithin } from './instance-command.ts';
import { OnceHooks } from './once-hooks.ts';

type HookName = 'before_start' | 'after_ready' | 'after_exit';

const LONGEST_BEFORE_MS = 10 * 60_000;
const LONGEST_AFTER_MS = 60_000;
/** In `orch why`; the log has all. */
const MAX_LINES_TOLD = 5;

export class HookRunner {
  #context: SupervisorContext;
  #outputs: CommandOutputs;
  #once: OnceHooks;
  #running = new Map<string, RunningCheck>();
  /** Of the last run of each hook, where it failed: the end of its output. */
  #failures = new Map<InstanceId, Map<HookName, string[]>>();

  constructor(context: SupervisorContext, outputs: CommandOutputs) {
    this.#context = context;
    this.#outputs = outputs;
    this.#once = new OnceHooks(() => context.specs.slots.values());
  }

  /** @returns the last lines of hooks that failed, `before_start | no such table`. */
  lastLinesOf(id: InstanceId): string[] {
    const failures = [...(this.#failures.get(id) ?? [])];
    return failures.flatMap(([name, lines]) => lines.slice(-MAX_LINES_TOLD).map((line) => `${name} | ${line}`));
  }

  /** The slot is gone. */
  forget(id: InstanceId): void {
    this.#failures.delete(id);
  }

  /** @returns a clause that says why the instance must not start, or null. */
  async beforeStart({ id, index, restarts }: Slot, spec: ServiceSpec): Promise<string | null> {
    const command = spec.hooks.beforeStart;
    if (!command) return null;
    const extra = { ORCH_RESTARTS: String(restarts) };
    const run = () => this.#run('before_start', { id, index, spec, command, extra }, LONGEST_BEFORE_MS);
    return spec.hooks.once ? await this.#once.pass(id, spec.name, spec.specHash, run) : await run();
  }

  /** The start is given up. */
  cancel(id: InstanceId): void {
    this.#once.cancel(id);
    this.#running.get(`before_start ${id}`)?.cancel('the start is not wanted any more');
  }

  /** Runs the hook that the reported event calls for, if there is one. */
  runAfter({ type, instance, details }: EventRecord): void {
    const { specs } = this.#context;
    const slot = instance ? specs.slots.get(instance as InstanceId) : undefined;
    const spec = slot ? specs.specOf(slot) : null;
    if (!slot || !spec) return;
    const { afterReady, afterExit } = spec.hooks;
    if (afterExit && type === 'exited')
      this.#runUnawaited('after_exit', slot, spec, afterExit, exitVariables(details.exit));
    if (!afterReady) return;
    // Only the first time: an instance that is ready again after being unready runs no hook.
    const isFirst = type === 'became_ready' && details.afterMs !== undefined;
    const isAtOnce = type === 'started' && initialReadiness(spec) === 'none';
    if (isFirst || isAtOnce) this.#runUnawaited('after_ready', slot, spec, afterReady, {});
  }

  #runUnawaited(
    name: HookName,
    slot: Slot,
    spec: ServiceSpec,
    command: Command,
    variables: Record<string, string>,
  ): void {
    const { phase, id, index, restarts } = slot;
    const pid = 'process' in phase ? { ORCH_PID: String(phase.process.pid) } : {};
    const extra = { ...pid, ...variables, ORCH_RESTARTS: String(restarts) };
    void this.#run(name, { id, index, spec, command, extra }, LONGEST_AFTER_MS).then((failure) => {
      if (failure === null) return;
      const message = `${id}: ${failure}`;
      this.#context.journal.report({ type: 'hook_failed', instance: id, message, details: { hook: name } });
    });
  }

  /** @returns what went wrong, or null. */
  async #run(name: HookName, subject: HookRun, longestMs: number): Promise<string | null> {
    const key = `${name} ${subject.id}`;
    this.#running.get(key)?.cancel('the next one begins');
    const { id, spec, index, command, extra } = subject;
    const variables = { ...extra, ORCH_HOOK: name, ORCH_NONCE: this.#context.nonces.forHook() };
    const failures = this.#failures.get(id) ?? new Map<HookName, string[]>();
    this.#failures.set(id, failures);
    const failed = (lines: string[]): void => void failures.set(name, lines);
    const log = { ...this.#outputs.logOf(id, name, spec), failed };
    const prepared = { spec, index, command, extra: variables, readsSecrets: true as const, log };
    const running = prepareCommand(prepared, this.#context.launchContext(id))();
    this.#running.set(key, running);
    const outcome = await runWithin(running, longestMs, `not done within ${longestMs / 1_000} s`);
    if (this.#running.get(key) === running) this.#running.delete(key);
    if (outcome.ok) failures.delete(name);
    return outcome.ok ? null : `${name} failed: ${outcome.because}`;
  }

  /** Resolves when the running hooks have ended, or at the deadline. */
  async finish(withinMs: number): Promise<void> {
    const running = [...this.#running.values()];
    const timer = setTimeout(() => {
      for (const one of running) one.cancel('the project is down');
    }, withinMs);
    await Promise.all(running.map(({ outcome }) => outcome));
    clearTimeout(timer);
  }
}

type HookRun = { id: InstanceId; index: number; spec: ServiceSpec; command: Command; extra: Record<string, string> };

function exitVariables(exit: unknown): Record<string, string> {
  const { code, signal } = (exit ?? {}) as { code?: number; signal?: string };
  if (code !== undefined) return { ORCH_EXIT_CODE: String(code) };
  return signal === undefined ? {} : { ORCH_EXIT_SIGNAL: signal };
}
