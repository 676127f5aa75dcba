// Builds what `orch ps --json` shows from the kernel's state. Reads only.
import type {
  DependencyStatus,
  ExitStatus,
  InstanceStatus,
  LogQueueStatus,
  ServiceStatus,
  Status,
} from '../../api/protocol.ts';
import type { ConfigStatus } from '../../api/protocol-edits.ts';
import { degradedInstances } from '../../core/degraded.ts';
import type { DependencyView } from '../../core/dependencies.ts';
import { isAskedFor, withDependencies } from '../../core/desired.ts';
import { groupBy } from '../../core/group-by.ts';
import { shownPort } from '../../core/ports.ts';
import type { Exit, Rollout, Slot } from '../../core/slot.ts';
import { type Dependency, type InstanceId, instanceId, type ServiceSpec } from '../../core/spec.ts';
import { displayPath } from '../../launch/display-path.ts';
import { ResourceSampler, type ResourceUse } from '../../os/process/resource-use.ts';
import type { Instances } from '../instances/instances.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { explainInstance, slotFor } from './explanations.ts';
import { taskField } from './task-status.ts';

export type StatusParts = {
  kernel: Kernel;
  nowMs: number;
  /** By pid; a pid without an entry counts as zero. */
  usage: ReadonlyMap<number, ResourceUse>;
  supervisor: Status['supervisor'];
  instances: Instances;
  logQueues: LogQueueStatus[];
  /** What is known of the files, apart from the kernel. */
  config: Omit<ConfigStatus, 'files' | 'status' | 'problems'>;
};

export function buildStatus(parts: StatusParts): Status {
  const { kernel } = parts;
  const { project, env, root } = kernel.accepted!.config;
  const dependencies = kernel.dependencies();
  const specs = [...kernel.desired.services.values()];
  const { only } = kernel.overrides;
  const chosen = only && withDependencies(only, specs);
  const slots = groupBy(kernel.slots.values(), ({ service }) => service);
  const services = specs.map((spec) => serviceStatus(spec, slots.get(spec.name) ?? [], parts, dependencies, chosen));
  return {
    project,
    env,
    generation: kernel.generation,
    converged: kernel.isConverged(),
    degraded: [...degradedInstances(kernel.desired, kernel.slots, parts.nowMs), ...withoutOutput(parts)],
    config: {
      files: kernel.accepted?.files ?? [],
      status: kernel.problems.length > 0 ? 'rejected' : parts.config.held ? 'held' : 'applied',
      problems: [...kernel.problems],
      ...parts.config,
    },
    supervisor: parts.supervisor,
    services: [...services, ...leavingServices(parts, dependencies)],
    logQueues: parts.logQueues.map((queue) => ({ ...queue, path: displayPath(queue.path, root) })),
  };
}

function serviceStatus(
  spec: ServiceSpec,
  own: readonly Slot[],
  parts: StatusParts,
  dependencies: DependencyView,
  chosen: ReadonlySet<string> | null,
): ServiceStatus {
  const { overrides } = parts.kernel;
  const ids = new Set<InstanceId>();
  for (let index = 1; index <= spec.pool; index++) ids.add(instanceId(spec.name, index));
  for (const { id } of own) ids.add(id);
  const instances = [...ids].map((id) => instanceStatus(id, spec, parts, dependencies));
  const pool = overrides.pools[spec.name];
  const stopped = overrides.stopped.includes(spec.name) || (chosen !== null && !chosen.has(spec.name));
  // A log queue that cannot be written is among `degraded`.
  const notes = parts.instances.watchNotesOf(spec.name);
  return {
    ...counted(spec.name, spec.pool, instances),
    singleton: spec.singleton !== null,
    logQueue: spec.logQueue,
    ...(spec.stderrQueue && { stderrQueue: spec.stderrQueue }),
    override:
      stopped || pool !== undefined ? { ...(stopped && { stopped }), ...(pool !== undefined && { pool }) } : null,
    ...peopleFields(spec),
    ...runsField(spec, new Set(overrides.profiles)),
    ...(notes.length > 0 && { notes }),
    ...rolloutField(parts.kernel.rollouts.get(spec.name)),
    ...inputField(spec),
    ...taskField(spec, own, spec.enabled && !stopped),
    dependsOn: spec.dependsOn.map((dependency) => dependencyStatus(dependency, dependencies)),
    instances,
  };
}

function runsField(spec: ServiceSpec, chosen: ReadonlySet<string>): Pick<ServiceStatus, 'runs'> {
  if (!spec.enabled) return { runs: 'never' };
  return isAskedFor(spec, chosen) ? {} : { runs: 'on_request' };
}

function rolloutField(rollout: Rollout | undefined): Pick<ServiceStatus, 'rollout'> {
  if (!rollout) return {};
  const { verdict } = rollout;
  if (verdict.kind === 'going') return { rollout: { state: 'going' } };
  return { rollout: { state: verdict.kind === 'paused' ? 'paused' : 'rolled_back', reason: verdict.because } };
}

function inputField({ tty, stdin }: ServiceSpec): Pick<ServiceStatus, 'input'> {
  if (tty) return { input: 'tty' };
  return stdin ? { input: 'stdin' } : {};
}

function dependencyStatus(dependency: Dependency, dependencies: DependencyView): DependencyStatus {
  const { service, condition, required } = dependency;
  return { service, condition, met: dependencies.isMet(dependency), ...(required === false && { required }) };
}

/** A client of an older version applied a configuration without them. */
function peopleFields({
  title,
  tags,
}: Pick<Partial<ServiceSpec>, 'title' | 'tags'>): Pick<ServiceStatus, 'title' | 'tags'> {
  return { ...(title && { title }), ...(tags && tags.length > 0 && { tags }) };
}

/** Instances that stop as soon as their pipe is full, because their log queue cannot be written. */
function withoutOutput({ kernel, instances }: StatusParts): NonNullable<Status['degraded']> {
  return [...kernel.desired.instances].flatMap(([id, { run, spec }]) => {
    const reason = run ? instances.logFaults.ofService(spec) : null;
    return reason === null ? [] : [{ instance: id, reason }];
  });
}

/** Services that left the file but whose instances still stop: no live process is ever hidden (I3). */
function leavingServices(parts: StatusParts, dependencies: DependencyView): ServiceStatus[] {
  const leaving = new Map<string, InstanceStatus[]>();
  for (const slot of parts.kernel.slots.values()) {
    if (parts.kernel.desired.services.has(slot.service)) continue;
    const list = leaving.get(slot.service) ?? [];
    leaving.set(slot.service, [...list, instanceStatus(slot.id, null, parts, dependencies)]);
  }
  return [...leaving].map(([name, instances]) => ({
    ...counted(name, 0, instances),
    singleton: false,
    logQueue: 'default',
    override: null,
    instances,
  }));
}

function counted(name: string, pool: number, instances: InstanceStatus[]) {
  const running = instances.filter(({ pid }) => pid !== null).length;
  const ready = instances.filter(({ state }) => state === 'ready').length;
  return { name, pool, running, ready };
}

function instanceStatus(
  id: InstanceId,
  spec: ServiceSpec | null,
  parts: StatusParts,
  dependencies: DependencyView,
): InstanceStatus {
  const { kernel } = parts;
  const slot = slotFor(kernel, id);
  const { state, reason } = explainInstance(kernel, id, parts.nowMs, dependencies);
  const live = liveOf(slot);
  const usage = live ? parts.usage.get(live.pid) : undefined;
  return {
    id,
    state,
    pid: live?.pid ?? null,
    startedAt: live ? new Date(live.startedMs).toISOString() : null,
    restarts: slot.restarts,
    crashes: slot.crashes,
    lastExit: slot.lastExit ? exitStatus(slot.lastExit) : null,
    adopted: live?.adopted ?? false,
    specHash: slot.spec?.specHash ?? spec?.specHash ?? '',
    reason: parts.instances.waitReasonOf(id) ?? reason,
    cpuPercent: usage?.cpuPercent ?? 0,
    rssBytes: usage?.rssBytes ?? 0,
    memoryBound: parts.instances.memory.statusOf(slot),
    port: shownPort(slot, kernel.specOf(slot) ?? spec, kernel.desired.ports),
  };
}

/** The main process while it lives; null in `stopping` once it has ended. */
export function liveOf({
  phase,
}: Slot): { pid: number; startTime: string; startedMs: number; adopted: boolean } | null {
  if (phase.kind === 'alive') return { ...phase.process, startedMs: phase.sinceMs, adopted: phase.adopted };
  if (phase.kind === 'ending' && phase.exit === null) {
    return { ...phase.process, startedMs: phase.startedMs, adopted: phase.adopted };
  }
  return null;
}

function exitStatus(exit: Exit): ExitStatus {
  if ('spawnError' in exit) return { spawnError: exit.spawnError };
  if ('code' in exit) return { code: exit.code };
  return 'signal' in exit ? { signal: exit.signal } : exit;
}

// CPU and memory of the instances and of the supervisor itself, for `ps`. Measures only when asked.

/** Restarts come first; descriptors on ended processes are closed after them. */
const TRIM_AFTER_MS = 1_000;

export class ResourceUsage {
  #slots: () => Iterable<Slot>;
  #sampler = new ResourceSampler();
  #trimTimer: NodeJS.Timeout | null = null;
  #lastOwnCpu = { atMs: performance.now(), usage: process.cpuUsage() };
  readonly #startedAt = new Date().toISOString();

  constructor(slots: () => Iterable<Slot>) {
    this.#slots = slots;
  }

  /** pid -> usage since the last time. */
  sample(): ReadonlyMap<number, ResourceUse> {
    return this.#sampler.sample(this.#live());
  }

  ofSupervisor(): Status['supervisor'] {
    const atMs = performance.now();
    const { user, system } = process.cpuUsage(this.#lastOwnCpu.usage);
    const cpuPercent = (user + system) / 10 / Math.max(1, atMs - this.#lastOwnCpu.atMs);
    this.#lastOwnCpu = { atMs, usage: process.cpuUsage() };
    const rssBytes = ownRssBytes();
    return { pid: process.pid, startedAt: this.#startedAt, rssBytes, cpuPercent: Math.round(cpuPercent * 100) / 100 };
  }

  /** Closes descriptors on ended processes soon, not at the next `ps`. */
  trimSoon(): void {
    if (this.#sampler.openFiles === 0) return;
    this.#trimTimer ??= setTimeout(() => {
      this.#trimTimer = null;
      const live = this.#live();
      if (this.#sampler.openFiles > live.length) this.#sampler.sample(live);
    }, TRIM_AFTER_MS).unref();
  }

  #live() {
    return [...this.#slots()].map(liveOf).filter((process) => process !== null);
  }
}

/** Node reads it from /proc. */
function ownRssBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0; // no descriptor left: not known
  }
}
