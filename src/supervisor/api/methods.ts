// The API's methods over one supervisor: parse parameters, call the kernel, wait for conditions. A client can call exactly the
// keys of this table.
import { type MethodResult, PROTOCOL_VERSION, type StartResult } from '../../api/protocol.ts';
import { isOccupied } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import { planChange } from '../../plan/plan.ts';
import { planToken } from '../../plan/plan-token.ts';
import { VERSION } from '../../version.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Call, MethodTable } from './api-server.ts';
import {
  chooseProfiles,
  isSettledAfterCommand,
  restartInstances,
  scaleService,
  startInstances,
  stopInstances,
} from './commands.ts';
import { acceptedConfig, createEditMethods, goingDown, handingOver } from './edit-methods.ts';
import { explainInstance } from './explanations.ts';
import { describeLaunch, startDependencies } from './for-programs.ts';
import { inspectInstances } from './inspect.ts';
import { isDeclared, knownQueues, resolveInstances } from './instance-names.ts';
import { findNotStarted } from './not-started.ts';
import { reloadInstances } from './reload-instances.ts';
import { RequestError } from './request-error.ts';
import { createRollbackMethods } from './rollback-methods.ts';
import { signalInstances } from './signal-instances.ts';
import type { Supervised } from './supervised.ts';
import { areTasks, exitCodeOfAll, judgeFiles, judgeOutput, judgeWait, type WaitCondition } from './wait-condition.ts';
import { awaitStopped, until } from './wait-until.ts';

/** Progress of `down` names at most this many instances. */
const MAX_HOLDERS_NAMED = 5;
const RESOURCE_REFRESH_MS = 2_000;
/** A start or restart that takes longer continues; the command returns. */
const COMMAND_TIMEOUT_MS = 30_000;
const MAX_EVENTS = 10_000;

export type MethodCallbacks = {
  /** Everything is stopped and the answer is on its way: the process may exit. */
  onDown(): void;
  /** The files may be at another place by now. @returns a sentence: they cannot be followed there. */
  followLink(): Promise<string | null>;
};

export function createMethods(supervisor: Supervised, { onDown, followLink }: MethodCallbacks): MethodTable {
  const { kernel } = supervisor;
  return {
    hello: () => ({
      version: VERSION,
      protocol: PROTOCOL_VERSION,
      pid: process.pid,
      project: kernel.accepted!.config.project,
      root: supervisor.paths.root,
      file: supervisor.file,
    }),
    status: ({ known }) => supervisor.status(known === true),
    watchStatus: ({ minIntervalMs, known }, call) =>
      streamStatus(supervisor, { minIntervalMs: nonNegativeOr(minIntervalMs, 100), known: known === true }, call),
    events: ({ follow, fromSeq, limit }, call) => {
      for (const event of supervisor.events.since(nonNegativeOr(fromSeq, 1), nonNegativeOr(limit, MAX_EVENTS)))
        call.emit(event);
      if (!follow) return {};
      const unsubscribe = supervisor.events.subscribe((event) => call.emit(event));
      return aborted(call.signal)
        .finally(unsubscribe)
        .then(() => ({}));
    },
    why: ({ name }) => ({ explanations: supervisor.explain(requiredString(name, 'name')) }),
    inspect: async ({ name }) => ({ instances: await inspectInstances(supervisor, requiredString(name, 'name')) }),
    start: ({ names }, call) => startAndSettle(supervisor, requiredNames(names), startInstances, call.signal),
    restart: ({ names }, call) => startAndSettle(supervisor, requiredNames(names), restartInstances, call.signal),
    startDependencies: ({ service, timeoutMs }, call) =>
      startDependencies(supervisor, requiredString(service, 'service'), timeoutMs ?? null, call.signal),
    launchContext: ({ name }) => describeLaunch(supervisor, requiredString(name, 'name')),
    stop: async ({ names, timeoutMs }, call) => {
      const instances = stopInstances(kernel, requiredNames(names));
      const saved = supervisor.save();
      await awaitStopped(supervisor, instances, timeoutMs ?? null, call.signal);
      await saved;
      return { instances };
    },
    signal: ({ name, signal }) => ({
      instances: signalInstances(supervisor, requiredString(name, 'name'), requiredString(signal, 'signal')),
    }),
    reload: ({ name }) => reloadInstances(supervisor, requiredString(name, 'name')),
    scale: async ({ service, size }) => {
      const name = requiredString(service, 'service');
      const result = { service: name, size: scaleService(kernel, name, size) };
      await supervisor.save();
      return result;
    },
    profiles: async ({ profiles }) => {
      const services = chooseProfiles(kernel, stringList(profiles));
      await supervisor.save();
      return { services };
    },
    plan: ({ accepted, key }) => {
      const { config } = acceptedConfig(accepted);
      const plan = planChange(kernel, config, supervisor.clock.nowMs());
      return typeof key === 'string' ? { ...plan, token: planToken(key, kernel, config) } : plan;
    },
    environment: () => ({ env: kernel.accepted!.config.env, variables: supervisor.variables.all }),
    ...createEditMethods(supervisor, followLink),
    ...createRollbackMethods(supervisor),
    wait: (params, call) => wait(supervisor, params, call.signal),
    down: async ({ timeoutMs }, call) => {
      if (supervisor.isHandedOver) throw new RequestError(handingOver);
      const result = await supervisor.down(timeoutMs ?? null, () => call.emit(downProgress(supervisor)));
      setImmediate(onDown);
      return result;
    },
    handOver: async () => {
      const earlier = supervisor.generations.kept;
      if (!(await supervisor.handOver())) throw new RequestError(supervisor.isHandedOver ? handingOver : goingDown);
      setImmediate(onDown);
      return { pid: process.pid, version: VERSION, earlier, accepted: kernel.accepted };
    },
    own: (_params, call) => {
      call.connection.owning = true;
      return {};
    },
    disown: (_params, call) => {
      call.connection.owning = false;
      return {};
    },
    rotateLogs: async ({ queues }) => ({
      rotated: await supervisor.writer.rotate(knownQueues(kernel, stringList(queues))),
    }),
  };
}

async function streamStatus(
  supervisor: Supervised,
  { minIntervalMs, known }: { minIntervalMs: number; known: boolean },
  call: Call<'watchStatus'>,
) {
  let lastMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;
  const send = async (): Promise<void> => {
    timer = null;
    lastMs = performance.now();
    if (call.isBehind()) return; // the next status is complete anyway
    const status = await supervisor.status().catch(() => null); // no descriptor left: the next change tries again
    if (status) call.emit(status);
  };
  const changed = (): void => {
    timer ??= setTimeout(send, Math.max(0, lastMs + Math.max(minIntervalMs, 20) - performance.now()));
  };
  const unsubscribe = supervisor.onStep(changed);
  const unsubscribeEvents = supervisor.events.subscribe(changed);
  const refresh = setInterval(changed, RESOURCE_REFRESH_MS);
  const first = known ? await supervisor.status(true).catch(() => null) : null; // as above
  if (first) call.emit(first);
  changed();
  await aborted(call.signal);
  unsubscribe();
  unsubscribeEvents();
  clearInterval(refresh);
  if (timer) clearTimeout(timer);
  return {};
}

async function startAndSettle(
  supervisor: Supervised,
  names: string[],
  start: (kernel: Kernel, names: string[]) => InstanceId[],
  signal: AbortSignal,
): Promise<StartResult> {
  const { kernel, clock } = supervisor;
  const all = start(kernel, names);
  // Without names, services that are not wanted (disabled, of a profile, started by hand) are not meant.
  const ids = names.length > 0 ? all : all.filter((id) => kernel.desired.instances.get(id)?.run);
  const settled = (): boolean => ids.every((id) => isSettledAfterCommand(kernel, id));
  await until(supervisor, settled, signal, COMMAND_TIMEOUT_MS);
  await supervisor.save();
  const notStarted = findNotStarted(kernel, names, ids, clock.nowMs());
  const left = new Set(notStarted.map(({ instance }) => instance));
  const instances = ids.filter((id) => !left.has(id));
  return notStarted.length > 0 ? { instances, notStarted } : { instances };
}

const cannot: Record<WaitCondition, string> = {
  converged: 'cannot converge',
  ready: 'cannot become ready',
  stopped: 'cannot stop',
  ended: 'cannot end',
};

type WaitParams = { for?: WaitCondition; names: string[]; timeoutMs: number | null };

/** For the word of the log writer on its files. */
const WRITER_PATIENCE_MS = 1_000;

async function wait(supervisor: Supervised, params: WaitParams, signal: AbortSignal): Promise<MethodResult<'wait'>> {
  const names = stringList(params.names ?? []);
  const condition = params.for ?? (areTasks(supervisor.kernel, names) ? 'ended' : 'converged');
  if (!Object.hasOwn(cannot, condition)) {
    const known = Object.keys(cannot).join(', ');
    throw new RequestError({ code: 'usage', message: `cannot wait for "${condition}": it is one of ${known}` });
  }
  const startedMs = performance.now();
  const isForFiles = condition === 'converged' || condition === 'ready';
  const areDeclared = names.every((name) => isDeclared(supervisor.kernel, name));
  // Scripts save a file and wait: the state before that edit is not what they ask for.
  if (isForFiles) await supervisor.edits.catchUp();
  if (!areDeclared) resolveInstances(supervisor.kernel, names);
  const output = () => judgeOutput(supervisor.kernel, (queue) => supervisor.logFaultOf(queue), names);
  const verdict = () =>
    (condition === 'converged' ? judgeFiles(supervisor.kernel) : null) ??
    (isForFiles ? output() : null) ??
    judgeWait(supervisor.kernel, condition, names, supervisor.clock.nowMs());
  const decided = await until(supervisor, () => verdict().kind !== 'pending', signal, params.timeoutMs ?? null);
  let last = verdict();
  if (last.kind === 'met' && isForFiles) {
    // A log writer that is just starting has not tried its files yet.
    await supervisor.writer.whenUpToDate(WRITER_PATIENCE_MS);
    last = output() ?? last;
  }
  const waitedMs = Math.round(performance.now() - startedMs);
  if (last.kind === 'met') {
    if (condition === 'ended') return { waitedMs, exitCode: exitCodeOfAll(supervisor.kernel, names) };
    const { held } = supervisor.edits;
    return isForFiles && held ? { waitedMs, held } : { waitedMs };
  }
  const { projectEnd } = supervisor.kernel;
  if (!decided) throw new RequestError({ code: 'timeout', message: `not ${condition} in time: ${last.because}` });
  throw new RequestError({
    code: 'failed',
    message: `${cannot[condition]}: ${last.because}`,
    hint:
      supervisor.kernel.problems.length > 0
        ? '`orch validate` shows it in full'
        : '`orch why` and `orch logs` show more',
    ...(projectEnd && { exitCode: projectEnd.exitCode }),
  });
}

function downProgress(supervisor: Supervised) {
  const dependencies = supervisor.kernel.dependencies();
  const holding = [...supervisor.kernel.slots.values()].filter(isOccupied);
  const holdingUp = holding.slice(0, MAX_HOLDERS_NAMED).map((slot) => {
    const { state, reason } = explainInstance(supervisor.kernel, slot.id, supervisor.clock.nowMs(), dependencies);
    return `${slot.id}: ${reason ?? state}`;
  });
  if (holding.length > MAX_HOLDERS_NAMED) holdingUp.push(`and ${holding.length - MAX_HOLDERS_NAMED} more`);
  return { remaining: holding.length, holdingUp };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** An empty list means all instances. A frame without the list is an error: it must not stop everything. */
function requiredNames(names: unknown): string[] {
  if (names === undefined || names === null) throw new RequestError({ code: 'usage', message: 'names must be given' });
  return stringList(names);
}

function stringList(names: unknown): string[] {
  if (names === undefined || names === null) return [];
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  throw new RequestError({ code: 'usage', message: 'names must be a list of strings' });
}

function requiredString(value: unknown, parameter: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new RequestError({ code: 'usage', message: `${parameter} must be a string` });
}

function nonNegativeOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : otherwise;
}
