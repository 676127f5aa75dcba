// Runs the real kernel (and, after a crash, the real adoption) in the naive world, and checks the properties of design.md
// §6 at every step. A violation throws with what was seen.
import type {
  AcceptedConfig,
  Exit,
  Incarnation,
  InstanceId,
  ProjectConfig,
  ServiceSpec,
  Slot,
  StopCause,
} from '../../src/core/model.ts';
import { backoffMs } from '../../src/core/restart-policy.ts';
import { planResync, RESYNC_MS } from '../../src/core/resync.ts';
import { isOccupied } from '../../src/core/transition.ts';
import { adopt } from '../../src/supervisor/adopt.ts';
import { restartInstances, startInstances, stopInstances } from '../../src/supervisor/commands.ts';
import { Kernel, type KernelState } from '../../src/supervisor/kernel.ts';
import { decodeState, encodeState } from '../../src/supervisor/state.ts';
import { config as projectConfig, spec as serviceSpec } from '../core/fixtures.ts';
import type { Operation, Scenario, SimService } from './scenario.ts';
import { Chance, Schedule } from './schedule.ts';
import { type Program, World, type WorldProcess } from './world.ts';

const BOOT = 'boot';
/** Every grace period, two kill rounds, a full resync and the longest back-off in these scenarios. */
const SETTLE_MS = 60_000;

export class Violation extends Error {}

export class Simulation {
  readonly schedule = new Schedule();
  readonly world: World;
  readonly coverage = new Set<string>();
  #chance: Chance;
  #services: (SimService & { version: number; declared: boolean })[];
  #kernel!: Kernel;
  /** Counts supervisors; effects of a dead one are void. */
  #life = 0;
  #disk: string | null = null;
  #faults = { spawns: 0, errno: 'ENOENT', exitsLost: 0, exitsLate: 0, lateByMs: 0, saves: 0 };
  /** When each slot may be started again at the earliest, by the formula. */
  #earliestStartMs = new Map<string, number>();
  #actionsAtMs = 0;
  #nonces = 0;

  constructor(scenario: Scenario) {
    this.#chance = new Chance(scenario.seed);
    this.world = new World(this.schedule, this.#chance);
    this.#services = scenario.services.map((service) => ({ ...service, version: 1, declared: true }));
    this.#boot();
  }

  run(operations: Scenario['operations']): void {
    for (const { afterMs, operation } of operations) {
      this.#advance(afterMs);
      this.#operate(operation);
      this.#check();
    }
    this.#settle();
    this.#shutDown();
  }

  #advance(ms: number): void {
    this.schedule.runUntil(this.schedule.nowMs + ms, () => this.#check());
  }

  // ---- the supervisor's life -----------------------------------------------------------------------------------

  #boot(): void {
    const life = ++this.#life;
    const kernel = new Kernel(this.#effects(life));
    this.#kernel = kernel;
    const accepted = this.#accepted();
    const remembered: KernelState | null = this.#disk === null ? null : decodeState(this.#disk);
    const services = new Map(accepted.config.services.map((spec) => [spec.name as string, spec]));
    const members = this.world.alive().map((process) => ({
      pid: process.pid,
      startTime: process.startTime,
      nonce: process.nonce,
      sessionLeader: process.isLeader,
      environment: { ORCH_INSTANCE_ID: process.id },
      command: 'program',
    }));
    const adoption = adopt({
      remembered: remembered?.slots ?? [],
      members,
      services,
      bootId: BOOT,
      nowMs: this.schedule.nowMs,
    });
    kernel.restore({
      generation: remembered?.generation ?? 0,
      overrides: remembered?.overrides ?? { stopped: [], pools: {} },
      slots: adoption.slots,
    });
    if (adoption.slots.some(({ phase }) => phase.kind === 'alive')) this.coverage.add('adopted');
    for (const id of adoption.ended) kernel.receive(id, null, { kind: 'exited', exit: { unknown: true } });
    for (const stray of adoption.strays) this.world.killTree(stray.nonce);
    kernel.applyConfig(accepted);
    this.#stepNow(life);
    this.#resync(life);
  }

  #resync(life: number): void {
    if (life !== this.#life) return;
    const { suspects, nextMs } = planResync(this.#kernel.slots, this.schedule.nowMs);
    for (const { id, process } of suspects) {
      if (this.#processOf(process)?.alive) continue;
      this.#kernel.receive(id, process.nonce, { kind: 'exited', exit: { unknown: true } });
    }
    this.schedule.after(nextMs, () => this.#resync(life));
  }

  #stepQueued = false;
  #cancelWake: (() => void) | null = null;

  #stepNow(life: number): void {
    if (life !== this.#life) return;
    this.#kernel.step();
    const asked = this.#kernel.slots;
    for (const slot of asked.values()) this.coverage.add(slot.phase.kind);
  }

  #effects(life: number): ConstructorParameters<typeof Kernel>[0] {
    const mine = (run: () => void) => () => {
      if (life === this.#life) run();
    };
    const after = (delayMs: number, run: () => void) => this.schedule.after(delayMs, mine(run));
    this.#stepQueued = false;
    this.#cancelWake = null;
    return {
      nowMs: () => this.schedule.nowMs,
      newNonce: (spec) => `0123456789ab.${hex(spec.specHash)}.n${++this.#nonces}`,
      requestStep: () => {
        if (this.#stepQueued || life !== this.#life) return;
        this.#stepQueued = true;
        after(0, () => {
          this.#stepQueued = false;
          this.#stepNow(life);
        });
      },
      wakeAt: (atMs) => {
        this.#cancelWake?.();
        this.#cancelWake =
          atMs === null
            ? null
            : this.schedule.at(
                atMs,
                mine(() => this.#stepNow(life)),
              );
      },
      save: (state) => this.#save(state, mine),
      saveSoon: () => void after(50, () => void this.#save(this.#kernel.state(), mine)),
      start: (slot, spec, nonce) => this.#start(slot, spec, nonce, mine),
      stop: (slot, cause) => this.#stop(slot, cause, mine),
      kill: (slot) => this.#kill(slot),
      clear: (slot) => this.#clear(slot, mine),
      abandon: () => undefined,
      forget: (slot) => {
        if (this.world.leaders().some(({ id }) => id === slot.id))
          throw new Violation(`I3: ${slot.id} forgotten while it lives`);
      },
      report: ({ type }) => this.coverage.add(type),
    };
  }

  /** Resolves late; a crash before that leaves the old or the new text (I14). */
  #save(state: KernelState, mine: Mine): Promise<void> {
    const text = encodeState(state);
    const fails = this.#faults.saves > 0 && this.#faults.saves-- > 0;
    if (!fails && this.#chance.hit(0.5)) this.#disk = text;
    const resolve = (run?: (() => void) | null): Promise<void> => {
      this.schedule.after(
        this.#chance.between(0, 4),
        mine(() => {
          if (!fails) this.#disk = text;
          run?.();
        }),
      );
      return undefined as never;
    };
    // biome-ignore lint/suspicious/noThenProperty: a thenable under the fake clock stands in for the promise
    const pending = { then: resolve } as unknown as Promise<void>;
    return pending;
  }

  // ---- effects ---------------------------------------------------------------------------------------------------

  #start(slot: Slot, spec: ServiceSpec, nonce: string, mine: Mine): void {
    this.#acted();
    const { id } = slot;
    this.schedule.after(
      this.#chance.between(0, 40),
      mine(() => {
        if (this.#faults.spawns > 0) {
          this.#faults.spawns--;
          const { errno } = this.#faults;
          const exit = { spawnError: errno, detail: errno };
          this.#noteEnd(id, exit, this.schedule.nowMs);
          this.#kernel.receive(id, nonce, {
            kind: 'spawnFailed',
            exit,
            charged: errno === 'ENOENT' || errno === 'EACCES',
          });
          return;
        }
        this.#checkMayStart(id, spec);
        let mayReport = false;
        const process = this.world.spawn(id, spec.specHash, nonce, this.#programOf(spec), (exit) => {
          this.#noteEnd(id, exit, process.startedMs);
          if (mayReport) this.#reportExit(process, exit, mine);
        });
        mayReport = true;
        this.#kernel.receive(id, nonce, { kind: 'spawned', process: incarnationOf(process) });
      }),
    );
  }

  #reportExit(process: WorldProcess, exit: Exit, mine: Mine): void {
    if (this.#faults.exitsLost > 0) {
      this.#faults.exitsLost--;
      return;
    }
    const late = this.#faults.exitsLate > 0 && this.#faults.exitsLate-- > 0 ? this.#faults.lateByMs : 0;
    this.schedule.after(
      late + this.#chance.between(0, 2),
      mine(() => this.#kernel.receive(process.id as InstanceId, process.nonce, { kind: 'exited', exit })),
    );
  }

  #stop(slot: Slot, cause: StopCause, _mine: Mine): void {
    this.#acted();
    if (slot.phase.kind !== 'stopping') throw new Violation(`stop of ${slot.id}, which is ${slot.phase.kind}`);
    this.#checkMayStop(slot, cause);
    const { nonce } = slot.phase.process;
    this.world.signalTree(nonce);
  }

  #kill(slot: Slot): void {
    this.#acted();
    if (slot.phase.kind !== 'stopping') throw new Violation(`kill of ${slot.id}, which is ${slot.phase.kind}`);
    this.world.killTree(slot.phase.process.nonce);
  }

  #checks = new Set<string>();
  #clear(slot: Slot, mine: Mine): void {
    if (slot.phase.kind !== 'stopping') throw new Violation(`clear of ${slot.id}, which is ${slot.phase.kind}`);
    const { phase, id } = slot;
    const { nonce } = phase.process;
    const key = `${this.#life} ${nonce}`;
    if (this.#checks.has(key)) return;
    this.#checks.add(key);
    this.schedule.after(
      this.#chance.between(0, 6),
      mine(() => {
        this.#checks.delete(key);
        const members = this.world.treeOf(nonce);
        if (phase.exit === null) {
          if (members.some(({ isLeader }) => isLeader))
            return this.#kernel.receive(id, nonce, { kind: 'leftoversFound' });
          this.#kernel.receive(id, nonce, { kind: 'exited', exit: { unknown: true } });
        }
        if (members.length === 0) {
          this.#kernel.receive(id, nonce, { kind: 'emptied' });
          return;
        }
        if (phase.step === 'clear') this.world.signalTree(nonce);
        this.#kernel.receive(id, nonce, { kind: 'leftoversFound' });
      }),
    );
  }

  // ---- operations ------------------------------------------------------------------------------------------------

  #operate(operation: Operation): void {
    switch (operation.kind) {
      case 'setPool':
        this.#edit(operation.service, (service) => {
          service.pool = operation.pool;
        });
        return;
      case 'changeSpec':
        this.#edit(operation.service, (service) => {
          service.version++;
        });
        return;
      case 'remove':
      case 'restore':
        this.#edit(operation.service, (service) => {
          service.declared = operation.kind === 'restore';
        });
        return;
      case 'commentEdit':
        this.#kernel.applyConfig(this.#accepted());
        return;
      case 'badEdit':
        this.#kernel.rejectConfig([
          {
            severity: 'error',
            file: 'procs.yaml',
            line: 1,
            column: 1,
            code: 'x',
            message: 'bad',
            hint: null,
            excerpt: null,
          },
        ]);
        return;
      case 'stop':
      case 'start':
      case 'restart':
        this.#command(operation.kind, `s${operation.service}`);
        return;
      case 'killOne': {
        const leaders = this.world.leaders();
        const victim = leaders[operation.which % Math.max(1, leaders.length)];
        if (victim) this.world.end(victim, { signal: 'SIGKILL' });
        return;
      }
      case 'crashSupervisor':
        this.world.orphanAll();
        // What happened in the last moment before was not saved yet, a back-off included.
        this.#earliestStartMs.clear();
        this.#boot();
        return;
      case 'failSpawns':
        this.#faults.spawns = operation.count;
        this.#faults.errno = operation.errno;
        return;
      case 'loseExits':
        this.#faults.exitsLost = operation.count;
        return;
      case 'lateExits':
        this.#faults.exitsLate = operation.count;
        this.#faults.lateByMs = operation.byMs;
        return;
      case 'failSaves':
        this.#faults.saves = operation.count;
    }
  }

  #edit(index: number, change: (service: SimService & { version: number; declared: boolean }) => void): void {
    const service = this.#services[index];
    if (!service) return;
    change(service);
    // A slot that leaves the configuration takes its history along.
    this.#forgiveBackoff(`s${index}`);
    this.#kernel.applyConfig(this.#accepted());
  }

  #command(kind: 'stop' | 'start' | 'restart', name: string): void {
    if (!this.#kernel.desired.services.has(name as ServiceSpec['name'])) return;
    const run = { stop: stopInstances, start: startInstances, restart: restartInstances }[kind];
    run(this.#kernel, [name]);
    // A person's word overrules the back-off.
    if (kind !== 'stop') this.#forgiveBackoff(name);
  }

  #forgiveBackoff(service: string): void {
    for (const id of this.#earliestStartMs.keys()) if (id.startsWith(`${service}.`)) this.#earliestStartMs.delete(id);
  }

  // ---- properties ------------------------------------------------------------------------------------------------

  /** I1, I13 at every instant: never two main processes in one slot. */
  #check(): void {
    const seen = new Set<string>();
    for (const { id } of this.world.leaders()) {
      if (seen.has(id)) throw new Violation(`I1: two live processes of ${id}`);
      seen.add(id);
    }
  }

  /** I8, I15: at the moment of the spawn. */
  #checkMayStart(id: string, spec: ServiceSpec): void {
    if (this.world.alive().some((process) => process.id === id && process.isLeader))
      throw new Violation(`I1: second start of ${id}`);
    const earliest = this.#earliestStartMs.get(`${id} ${spec.specHash}`) ?? 0;
    if (this.schedule.nowMs < earliest)
      throw new Violation(`I8: ${id} started ${earliest - this.schedule.nowMs} ms early`);
    for (const { service } of spec.dependsOn) {
      const ran = this.world.processes.some((process) => process.id.startsWith(`${service}.`));
      if (!ran) throw new Violation(`I15: ${id} started before ${service} ever ran`);
    }
  }

  /** I4: what is wanted as it is must not be touched. I15: dependents go first. */
  #checkMayStop(slot: Slot, cause: StopCause): void {
    const wish = this.#kernel.desired.wishes.get(slot.id);
    const isLeaving = !wish?.run;
    const isOutdated = wish?.spec.specHash !== slot.spec?.specHash;
    if (!isLeaving && !isOutdated && slot.restartRequestedMs === null) {
      throw new Violation(`I4: ${slot.id} stopped (${cause}) although it runs as wanted`);
    }
    if (!isLeaving) return;
    for (const other of this.#kernel.slots.values()) {
      const depends = other.spec?.dependsOn.some(({ service }) => service === slot.service);
      const alsoLeaving = !this.#kernel.desired.wishes.get(other.id)?.run;
      if (
        depends &&
        alsoLeaving &&
        this.world.leaders().some(({ id, nonce }) => id === other.id && isNonceOf(other, nonce))
      ) {
        throw new Violation(`I15: ${slot.id} stopped before ${other.id}, which depends on it`);
      }
    }
  }

  #noteEnd(id: string, exit: Exit, startedMs: number): void {
    const slot = this.#kernel.slots.get(id as InstanceId);
    if (!slot?.spec || ('code' in exit && exit.code === 0)) return;
    if (slot.phase.kind === 'stopping' && slot.phase.cause !== 'exited') return;
    const healthy = this.schedule.nowMs - startedMs >= slot.spec.restart.healthyAfterMs;
    const failures = healthy ? 1 : slot.failures + 1;
    const earliest = this.schedule.nowMs + backoffMs(slot.id, slot.spec.restart, failures);
    this.#earliestStartMs.set(`${id} ${slot.spec.specHash}`, earliest);
  }

  /** I7: when the faults stop, what runs is what is declared, and then nothing more happens. I3: nothing else lives. */
  #settle(): void {
    this.world.calm = true;
    this.#faults = { spawns: 0, errno: 'ENOENT', exitsLost: 0, exitsLate: 0, lateByMs: 0, saves: 0 };
    this.#advance(SETTLE_MS);
    this.#checkActual();
    const quietSinceMs = this.schedule.nowMs;
    this.#advance(30_000);
    const stillBusy = this.#services.some(({ program, policy }) => program.endsAfterMs !== null && policy === 'always');
    if (!stillBusy && this.#actionsAtMs > quietSinceMs)
      throw new Violation('I7: actions although nothing happened any more');
    this.#checkActual();
  }

  #checkActual(): void {
    const live = new Map(this.world.leaders().map((process) => [process.id, process]));
    for (const [id, wish] of this.#kernel.desired.wishes) {
      const slot = this.#kernel.slots.get(id);
      const process = live.get(id);
      live.delete(id);
      if (!wish.run) {
        if (process) throw new Violation(`I7: ${id} lives although it is not wanted`);
        continue;
      }
      if (process) {
        const isOld = process.specHash !== wish.spec.specHash;
        if (isOld && !this.#isRolloutHalted(wish.spec)) throw new Violation(`I7: ${id} still runs an older version`);
        if (!slot || !isOccupied(slot)) throw new Violation(`I3: ${id} lives but its slot is ${slot?.phase.kind}`);
        continue;
      }
      if (!this.#isExplained(slot, wish.spec))
        throw new Violation(`I1: ${id} does not run and nothing explains it: ${JSON.stringify(slot)}`);
    }
    const [left] = live.keys();
    if (left) throw new Violation(`I3: ${left} lives but is not declared`);
    for (const { id, nonce } of this.world.alive()) {
      const slot = this.#kernel.slots.get(id as InstanceId);
      if (!slot || !isNonceOf(slot, nonce)) throw new Violation(`I3: a process of ${id} belongs to no incarnation`);
    }
  }

  /** A new version that does not come up: the rest of the older one is left alone. */
  #isRolloutHalted(spec: ServiceSpec): boolean {
    for (let index = 1; index <= spec.pool; index++) {
      const slot = this.#kernel.slots.get(`${spec.name}.${index}` as InstanceId);
      if (slot?.phase.kind !== 'alive') return slot?.phase.kind === 'failed' || this.#isBlocked(spec);
    }
    return false;
  }

  #isBlocked(spec: ServiceSpec): boolean {
    return this.#kernel.dependencies().blockerOf(spec) !== null;
  }

  #isExplained(slot: Slot | undefined, spec: ServiceSpec): boolean {
    if (this.#isBlocked(spec)) return true;
    if (!slot) return false;
    const { kind } = slot.phase;
    const mayEnd = this.#services[Number(spec.name.slice(1))]?.program.endsAfterMs !== null;
    return (
      kind === 'completed' ||
      kind === 'failed' ||
      ((kind === 'backoff' || kind === 'starting' || kind === 'stopping') && mayEnd)
    );
  }

  /** I9: everything is gone within the grace periods of the longest chain, the kill rounds and 2 s a link. */
  #shutDown(): void {
    this.#kernel.shutDown();
    const boundMs = this.#services.reduce((sum, { graceMs }) => sum + graceMs + 3_000, RESYNC_MS);
    this.#advance(boundMs);
    const [left] = this.world.alive();
    if (left) throw new Violation(`I9: ${left.id} lives ${boundMs} ms after the shutdown`);
    const slot = [...this.#kernel.slots.values()].find(isOccupied);
    if (slot) throw new Violation(`I9: ${slot.id} still counts as ${slot.phase.kind}`);
  }

  #acted(): void {
    this.#actionsAtMs = this.schedule.nowMs;
  }

  // ---- declared ---------------------------------------------------------------------------------------------------

  #accepted(): AcceptedConfig {
    return { config: this.#config(), watched: [], files: ['procs.yaml'], warnings: [] };
  }

  #config(): ProjectConfig {
    const declared = this.#services
      .map((service, index) => ({ service, index }))
      .filter(({ service }) => service.declared);
    const specs = declared.map(({ service, index }) => this.#specOf(service, index));
    return projectConfig(...specs);
  }

  #specOf(service: SimService & { version: number }, index: number): ServiceSpec {
    const dependsOn = service.dependsOn
      .filter(({ on }) => this.#services[on]?.declared)
      .map(({ on, condition }) => ({ service: `s${on}` as ServiceSpec['name'], condition }));
    const backoff = { initialMs: 100, maxMs: 5_000, factor: 2 };
    const restart = { policy: service.policy, backoff, limit: service.limit, healthyAfterMs: 10_000 };
    const specHash = `${hex(`s${index}`)}${service.version.toString(16).padStart(4, '0')}`;
    return serviceSpec(`s${index}`, {
      pool: service.pool,
      dependsOn,
      restart,
      stop: { signal: 'SIGTERM', graceMs: service.graceMs },
      specHash,
    });
  }

  #programOf(spec: ServiceSpec): Program {
    const { program } = this.#services[Number(spec.name.slice(1))]!;
    return this.world.calm && program.exitCode !== 0 ? { ...program, endsAfterMs: null } : program;
  }

  #processOf({ pid }: Incarnation): WorldProcess | undefined {
    return this.world.processes.find((process) => process.pid === pid);
  }
}

type Mine = (run: () => void) => () => void;

function incarnationOf({ pid, startTime, nonce }: WorldProcess): Incarnation {
  return { pid, startTime, bootId: BOOT, nonce };
}

function isNonceOf({ phase }: Slot, nonce: string): boolean {
  return (phase.kind === 'alive' || phase.kind === 'stopping') && phase.process.nonce === nonce;
}

const hex = (text: string): string => Buffer.from(text).toString('hex');
