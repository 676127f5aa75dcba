// Watches one project from outside and throws where an invariant (docs/invariants.md) does not hold. Looks at the world and, for
// what was wished, at the desired state of the kernel; never at what the kernel believes to be running.

import { type EndCause, isOccupied, nonceOf, type Slot } from '../../src/core/slot.ts';
import type { InstanceId, ProjectConfig, ServiceSpec } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import { BackoffRecord } from './backoff-record.ts';
import { everyMsOf, hangs, versionOf } from './declared.ts';
import type { ObservedAction, Observer } from './doubles/bridge.ts';
import { DurationOracle } from './duration-oracle.ts';
import { GivenUpStarts } from './given-up-starts.ts';
import { HoldOracle } from './hold-oracle.ts';
import { LifecycleOracle } from './lifecycle-oracle.ts';
import type { Guest } from './machine/guest.ts';
import type { Machine } from './machine/machine.ts';
import type { SimExit, SimProcess } from './machine/processes.ts';
import { PortOracle } from './port-oracle.ts';
import type { Project } from './project.ts';
import { ReadingOracle } from './reading-oracle.ts';
import { RevivalOracle } from './revival-oracle.ts';
import { ScheduleOracle } from './schedule-oracle.ts';
import { isLoadedBy, type Shell, unexpanded } from './shell.ts';
import { StopOrder } from './stop-order.ts';
import { WaitOracle } from './wait-oracle.ts';
import { WatchOracle } from './watch-oracle.ts';

export class Oracle implements Observer {
  /** Cells of the transition table, `phase + event`, and types of what was reported. */
  coverage = new Set<string>();
  /** Instances started and stopped since `beginRecord`. */
  actions: { kind: string; id: string }[] = [];
  lastActionMs = 0;
  /** Writes of the state fail: what was decided meanwhile does not outlive a crash. */
  stateUnsureUntilMs = 0;
  /** Ends may be seen late from now on: a spell may look healthy that was not. */
  isBlind = false;
  /** A start that is under way then may fail. */
  stateDirDeletedMs = Number.NEGATIVE_INFINITY;
  #machine: Machine;
  #project: Project;
  /** The supervisor that came last. */
  #inCharge: { guest: Guest; kernel: Kernel } | null = null;
  #checkedConfig: ProjectConfig | null = null;
  #backoff: BackoffRecord;
  #lifecycle: LifecycleOracle;
  #durations: DurationOracle;
  readonly watches: WatchOracle;
  readonly revival: RevivalOracle;
  readonly waits: WaitOracle;
  readonly ports: PortOracle;
  readonly holds: HoldOracle;
  readonly readings = new ReadingOracle((what) => this.#fail(what));
  #stopOrder: StopOrder;
  #firstOffsetMs: number;
  readonly schedules: ScheduleOracle;

  constructor(machine: Machine, project: Project) {
    this.#machine = machine;
    this.#project = project;
    this.#firstOffsetMs = machine.wallOffsetMs;
    this.#backoff = new BackoffRecord(() => machine.schedule.nowMs);
    this.#lifecycle = new LifecycleOracle({
      machine,
      leaders: () => this.#leaders(),
      isMemorySure: () => this.#isMemorySure(),
      isBlind: () => this.isBlind,
      isKeyTaken: (process) => machine.isKeyTaken(process),
      hasOtherPorts: (kernel, process) => this.ports.differs(kernel, process) !== null,
      fail: (what) => this.#fail(what),
    });
    this.#durations = new DurationOracle({
      machine,
      leaders: () => this.#leaders(),
      supervisorBornMs: () => this.#guest?.process.bornMs ?? 0,
      isMemorySure: () => this.#isMemorySure(),
      fail: (what) => this.#fail(what),
    });
    this.#stopOrder = new StopOrder({
      nowMs: () => machine.schedule.nowMs,
      leaders: () => this.#leaders(),
      fail: (what) => this.#fail(what),
    });
    this.ports = new PortOracle({
      machine,
      leaders: () => this.#leaders(),
      isMemorySure: () => this.#isMemorySure(),
      fail: (what) => this.#fail(what),
    });
    this.holds = new HoldOracle({ isUnsure: () => !this.#isMemorySure(), fail: (what) => this.#fail(what) });
    this.watches = new WatchOracle({
      machine,
      root: project.root,
      kernel: () => this.kernel,
      stateKey: () =>
        [
          project.troubles,
          project.guest?.process.pid,
          this.kernel?.generation,
          machine.busyUntilMs,
          project.wantsDown,
          project.guest?.freezes,
          project.guest?.isFrozen && machine.schedule.nowMs, // differs at every moment of a freeze
        ].join(),
      fail: (what) => this.#fail(what),
    });
    this.revival = new RevivalOracle({
      machine,
      guests: project.guests,
      troubles: () => project.troubles,
      wantsDown: () => project.wantsDown,
      fail: (what) => this.#fail(what),
    });
    this.waits = new WaitOracle({
      machine,
      leaders: () => this.#leaders(),
      lastExitOf: (id) => this.#lastExits.get(id),
      wasReady: (process, spec) => this.#lifecycle.wasReady(process, spec),
      isUnsure: () => this.isBlind || !this.#isMemorySure(),
      fail: (what) => this.#fail(what),
    });
    this.schedules = new ScheduleOracle({
      machine,
      everyMsOf: (instance) => everyMsOf(project.services, instance),
      inChargeSinceMs: () => (this.kernel ? this.#inChargeSinceMs : null),
      fail: (what) => this.#fail(what),
    });
  }

  /** Of the supervisor that lives; null: none has come so far. */
  get kernel(): Kernel | null {
    return this.#inCharge?.guest.isAlive ? this.#inCharge.kernel : null;
  }

  get #guest(): Guest | null {
    return this.#inCharge?.guest.isAlive ? this.#inCharge.guest : null;
  }

  /** Whether this supervisor has got as far as to supervise. */
  isInCharge(guest: Guest): boolean {
    return this.#inCharge?.guest === guest;
  }

  beginRecord(): void {
    this.actions = [];
  }

  /** Open requests: each promise with its method and the supervisor that has to answer. */
  readonly #asked = new Map<Promise<unknown>, { what: string; guest: Guest | null }>();

  /** @param answer settles when the command returns; never where its supervisor dies first */
  expectAnswer(what: string, answer: Promise<unknown>): void {
    this.#asked.set(answer, { what, guest: this.#project.guest });
    void answer.then(() => this.#asked.delete(answer));
  }

  /** A person did something. */
  forgiveBackoff(service: string): void {
    this.#backoff.forgive(service);
    this.#lifecycle.rollouts.forgive(service);
    this.schedules.forgive(PERSON_MS);
  }

  /** By a command that names it, to run. */
  onAskedFor(service: string): void {
    this.schedules.onAskedFor(service);
    this.#mayRunAgain(service);
  }

  /** In the version that is in force, and if that is rolled back, in the one before. */
  #mayRunAgain(service: string): void {
    this.#lifecycle.rollouts.onAskedFor(service);
    for (const run of [...this.#done]) if (run.startsWith(`${service}.`)) this.#done.delete(run);
  }

  /** The state file was lost, or is not written for a while: failures and stops by command may be forgotten. */
  forgetState(): void {
    this.holds.forget();
    this.#backoff.forgiveSince(0);
    this.schedules.forgive(PERSON_MS);
    this.#project.heldStopped.clear();
  }

  #inChargeSinceMs = 0;

  // ---- what the supervisors do --------------------------------------------------------------------------------------

  onKernel(guest: Guest, kernel: Kernel): void {
    const other = this.#guest;
    if (other) this.#fail(`I13: a second supervisor (pid ${guest.process.pid}) runs next to pid ${other.process.pid}`);
    if (guest.mustRefuse) this.#fail(`I21: ${guest.shell.env} replaced another environment without consent`);
    this.#inCharge = { guest, kernel };
    guest.setShell(guest.shell);
    this.#inChargeSinceMs = this.#machine.schedule.nowMs;
    this.schedules.onChargeBegin(kernel, () => guest.isAlive && !guest.isFrozen);
    this.#clockOffsetMs = this.#machine.wallOffsetMs;
  }

  onGuestEnd(guest: Guest): void {
    const hadKernel = this.isInCharge(guest);
    if (hadKernel) this.#inCharge = null;
    // Its directory vanished under it while it started.
    const mayFail = guest.hadFault || (!hadKernel && this.stateDirDeletedMs >= guest.process.bornMs);
    if (guest.ended && 'code' in guest.ended && guest.ended.code === 1 && !mayFail) this.#fail(guest.lastWords);
    if (hadKernel) this.schedules.onChargeEnd();
    if (hadKernel) this.revival.onEnd(guest);
    if (hadKernel) this.#lifecycle.rollouts.onSupervisorEnd();
    if (hadKernel) this.#done.clear();
    // The last moments before were not saved yet, a back-off included.
    const isLoaded = this.#machine.busyUntilMs > guest.lastAwakeMs - LOADED_UNSAVED_MS;
    if (hadKernel) this.#backoff.forgiveSince(guest.lastAwakeMs - (isLoaded ? LOADED_UNSAVED_MS : UNSAVED_MS));
    if (hadKernel) this.#project.heldStopped.forgetUnanswered();
    if (this.#machine.schedule.nowMs < this.stateUnsureUntilMs || this.#isStateLost()) this.forgetState();
    if (hadKernel) this.#checkStateFile();
    if (guest.answer?.includes('conflict') && guest.effects > 0)
      this.#fail(`I13: a supervisor that lost the race did: ${guest.trace.join(', ')}`);
  }

  /** Nothing was written since the state was spoiled or removed: what happened since is remembered nowhere. */
  #isStateLost(): boolean {
    const { stateDir, isStateSpoiled, spoiledVersion } = this.#project;
    const node = this.#machine.files.get(`${stateDir}/state.json`);
    return node ? node.version === spoiledVersion : isStateSpoiled;
  }

  /** I14: whole, the old or the new one. */
  #checkStateFile(): void {
    const text = this.#machine.files.get(`${this.#project.stateDir}/state.json`)?.text;
    if (this.#project.isStateSpoiled) return;
    const written = new Set<string>();
    try {
      const { slots } = JSON.parse(text ?? '{"slots":[]}') as { slots: Slot[] };
      for (const { id, phase } of slots) if (phase.kind === 'alive' || phase.kind === 'ending') written.add(id);
    } catch {
      this.#fail(`I14: the supervisor left this state: ${text?.slice(0, 100)}`);
    }
    for (const { of } of this.#ours()) if (!written.has(of!.instance)) this.#unrecorded.add(of!.instance);
  }

  /** Instances whose main process a dead supervisor had not written down yet. */
  readonly #unrecorded = new Set<string>();

  /** I4: an instance that should keep running gets no signal. Another project may end a singleton. */
  onSignal(process: SimProcess, signal: string): void {
    const { of, pid } = process;
    const slot = this.kernel?.slots.get(of!.instance as InstanceId);
    if (slot) this.#lifecycle.onSignal(process, signal, slot);
    if (slot && !this.killingIsFine) this.#stopOrder.onSignal(process, signal, slot, this.kernel);
    if (slot?.phase.kind !== 'alive' || slot.phase.process.nonce !== of!.nonce || slot.spec?.singleton) return;
    // Of an adopted instance whose spec is not remembered.
    if (this.#machine.singletonNonces.has(of!.nonce)) return;
    this.#fail(`I4: ${signal} was sent to pid ${pid} of ${of!.instance}, which is not being stopped`);
  }

  onCell(phase: string, event: string): void {
    this.coverage.add(`${phase} + ${event}`);
  }

  onReport(type: string, message: string): void {
    this.coverage.add(type);
    if (type === 'config_applied') this.waits.noteChange();
    // No hook of a simulated program fails by itself.
    if (message.includes('before_start failed'))
      this.#fail(`a start that was given up is taken for a failure: ${message}`);
    this.#machine.note(() => `${this.#project.root} ${message}`);
    if (type === 'going_down' && /\(on_\w+: down\)/.test(message) && !this.#project.mayEnd)
      this.#fail(`the project ends although no service has ended it: ${message}`);
    if (type === 'failed' && this.#project.mustNotFail) this.#fail(`given up without a reason: ${message}`);
    const completed = /: (\w+)\.\d+ ended with success .*\(on_end: down\)/.exec(message)?.[1];
    for (const { of } of completed ? this.#leaders() : [])
      if (of!.instance.startsWith(`${completed}.`)) this.#fail(`${completed} ends all although ${of!.instance} runs`);
  }

  onEvent(guest: Guest, type: string, message: string): void {
    if (!guest.isAlive || type !== 'files_changed') return;
    const service = message.split(':')[0]!;
    this.watches.onFilesChanged(service);
    this.forgiveBackoff(service);
    this.#mayRunAgain(service);
  }

  onAction(guest: Guest, action: ObservedAction): void {
    // Code of a process that died in the middle of it has no effect any more.
    if (!guest.isAlive) return;
    const version = action.kind === 'start' ? ` in version ${action.slot.spec?.specHash}` : '';
    this.#machine.note(
      () => `${this.#project.root} pid ${guest.process.pid}: ${action.kind} ${action.slot.id}${version}`,
    );
    const isBegin = action.kind === 'drain' || (action.kind === 'stop' && !this.#lifecycle.isSecondStep(action.slot));
    if (action.kind === 'start' || isBegin) {
      this.actions.push({ kind: action.kind === 'start' ? 'start' : 'stop', id: action.slot.id });
      this.lastActionMs = this.#machine.schedule.nowMs;
    }
    if (action.kind === 'start') {
      const { dependsOn = [] } = this.kernel?.desired.instances.get(action.slot.id)?.spec ?? {};
      this.#dependenciesAtStart.set(action.slot.id, new Set(dependsOn.map(({ service }) => service)));
      this.#shellsAtStart.set(action.slot.id, [guest.shell, ...guest.nextShells]);
    }
    if (isBegin) {
      this.#checkMayStop(action.slot, action.cause);
      this.#durations.onStop(action.slot, action.cause);
      // An instance that is replaced, or waits for a dependency, starts over: its failures no longer count.
      if (action.cause !== 'unhealthy' && action.cause !== 'timedOut') this.#backoff.forgiveInstance(action.slot.id);
    }
    if (action.kind === 'drain') this.#lifecycle.onDrain(action.slot);
    // Given up while its intent was being saved: the start does nothing.
    if (action.kind === 'abandon') {
      const nonce = nonceOf(action.slot);
      const isAsked = this.#abandonedNonces.has(nonce);
      this.#abandonedNonces.add(nonce);
      const objection = isAsked ? null : this.#givenUpStarts.onGivenUp(action.slot.id);
      if (objection) this.#fail(objection);
    }
    if (action.kind === 'start' && !this.#abandonedNonces.has(nonceOf(action.slot)))
      this.#lifecycle.onStart(this.kernel!, action.slot);
    if (action.kind === 'kill') this.#checkMayKill(action.slot);
    if (action.kind === 'forget' && this.#leaderOf(action.slot.id))
      this.#fail(`I3: ${action.slot.id} forgotten while it lives`);
  }

  onOperation(): void {
    this.waits.noteChange();
    this.#givenUpStarts.onOperation();
  }

  onSpawn(process: SimProcess): void {
    const { instance, nonce, specHash } = process.of!;
    for (const other of this.#machine.processes.alive()) {
      if (other !== process && other.isLeader && this.#isOurs(other) && other.of!.instance === instance)
        this.#fail(`I1: second start of ${instance}, whose pid ${other.pid} lives`);
    }
    const guest = this.#guest;
    const inherits = ({ tag }: Shell) => process.environ.includes(`INHERITED=${tag}\0`);
    // A start keeps the variables with which its hooks began.
    const began = this.#shellsAtStart.get(instance) ?? [];
    if (guest && !began.some(inherits)) this.#checkShell(guest, inherits, `${instance} was started`);
    this.ports.onSpawn(this.kernel, process);
    const spec = this.kernel?.accepted?.config.services.find(({ name }) => instance.startsWith(`${name}.`));
    if (!spec) return; // left the file while its start was under way
    this.#checkSingleton(spec, nonce);
    this.#lifecycle.onSpawn(this.kernel!, process, spec);
    this.#durations.onSpawn(process);
    this.schedules.onSpawn(process, spec);
    // Its time counts, whatever came of the runs before.
    const objection = spec.schedule ? null : this.#backoff.objection(instance, specHash);
    if (objection) this.#fail(`I8: ${instance} ${objection}`);
    const known = this.#dependenciesAtStart.get(instance);
    for (const { service, condition, required } of spec.dependsOn) {
      if (known?.has(service) && !this.#everRan.has(service) && required !== false)
        this.#fail(`I15: ${instance} started before ${service} ever ran`);
      if (condition === 'ended' && this.#leaders().some(({ of }) => of!.instance.startsWith(`${service}.`)))
        this.#fail(`I15: ${instance} started before ${service} has ended`);
    }
    if (spec.start === 'manual' && !this.#project.everAskedFor.has(spec.name))
      this.#fail(`${instance} is started by hand, and no command has started it`);
    this.#everRan.add(spec.name);
  }

  readonly #everRan = new Set<string>();
  /** An edit may add a dependency while the start waits for a singleton. */
  /** Instance -> the shells of the last `up` when its start began. */
  readonly #shellsAtStart = new Map<string, readonly Shell[]>();

  readonly #abandonedNonces = new Set<string | null>();

  readonly #givenUpStarts = new GivenUpStarts(() => this.#machine.schedule.nowMs);

  readonly #dependenciesAtStart = new Map<string, ReadonlySet<string>>();

  onSpawnFailed(instance: string, errno: string): void {
    const spec = this.kernel?.slots.get(instance as InstanceId)?.spec;
    this.schedules.onStartFailed(instance);
    // A person's word goes before its back-off.
    if (this.kernel?.slots.get(instance as InstanceId)?.restartRequestedMs != null) return;
    if (spec) this.#backoff.noteFailure(instance, spec, 0, errno === 'ENOENT' || errno === 'EACCES');
  }

  /** Nonce -> when its main process ended. */
  readonly #endedMs = new Map<string, number>();

  readonly #lastExits = new Map<string, SimExit>();
  /** `instance hash` of tasks that have completed, as their supervisor saw, and that no command has started since. */
  readonly #done = new Set<string>();
  /** By `instance hash`. */
  readonly #lastExitsIn = new Map<string, SimExit>();

  /** Of a main process. */
  onEnd(process: SimProcess, exit: SimExit): void {
    const { instance, specHash, nonce } = process.of!;
    this.#endedMs.set(nonce, this.#machine.schedule.nowMs);
    this.#lastExits.set(instance, exit);
    this.#lastExitsIn.set(`${instance} ${specHash}`, exit);
    this.#done.delete(`${instance} ${specHash}`);
    this.waits.onEnd(process);
    this.#lifecycle.onEnd(process);
    const slot = this.kernel?.slots.get(instance as InstanceId);
    this.#stopOrder.onEnd(process, slot, this.kernel);
    const isAsked = slot?.phase.kind !== 'alive' || slot.phase.process.nonce !== nonce;
    this.#lifecycle.rollouts.onEnd(this.kernel, process, isAsked, 'code' in exit && exit.code === 0);
    const isSeen = slot?.phase.kind === 'alive' && !slot.phase.adopted && slot.phase.process.nonce === nonce;
    this.schedules.onEnd(process, exit, isSeen && !this.isBlind);
    const isTask = slot?.spec?.restart.policy === 'never' && slot.spec.specHash === specHash;
    if (isSeen && !this.isBlind && isTask && 'code' in exit && exit.code === 0)
      this.#done.add(`${instance} ${specHash}`);
    if (!slot?.spec || slot.spec.specHash !== specHash) return;
    // A person's word goes before its back-off.
    if (slot.restartRequestedMs !== null) return;
    if (slot.phase.kind === 'ending' && slot.phase.cause === 'unhealthy')
      this.#backoff.noteFailure(instance, slot.spec, slot.phase.sinceMs - slot.phase.startedMs, true);
    if (slot.phase.kind === 'ending' && slot.phase.cause === 'timedOut')
      this.#backoff.noteFailure(instance, slot.spec, 0, true);
    if (slot.phase.kind === 'ending' && slot.phase.cause !== 'exited') return;
    const succeeded = 'code' in exit && (slot.spec.successCodes ?? [0]).includes(exit.code);
    if (succeeded && slot.spec.restart.policy !== 'always') return;
    // The end of an adopted process is seen late: it may look as if it had lived a little longer.
    const seenLateMs = slot.phase.kind === 'alive' && slot.phase.adopted ? NEWS_MS : 0;
    const livedMs = this.#machine.schedule.nowMs - process.bornMs + seenLateMs;
    const aliveMs = this.isBlind ? Number.POSITIVE_INFINITY : livedMs;
    this.#backoff.noteFailure(instance, slot.spec, aliveMs, true);
  }

  // ---- properties of single actions ---------------------------------------------------------------------------------

  /** I4: what is wanted as it is must not be touched. I15: dependents go first. */
  #checkMayStop(slot: Slot, cause: EndCause): void {
    const kernel = this.kernel!;
    const desired = kernel.desired.instances.get(slot.id);
    if (!kernel.accepted) this.#fail(`I4: ${slot.id} stopped before any configuration is in force`);
    const isLeaving = !desired?.run;
    // Of its process: what is remembered of an adopted one may be wrong.
    const isOutdated = desired?.spec.specHash !== (this.#leaderOf(slot.id)?.of?.specHash ?? slot.spec?.specHash);
    this.#lifecycle.checkAvailability(kernel, slot, cause);
    this.#lifecycle.checkDependentsFirst(kernel, slot, cause);
    const isNextDue = cause === 'replaced' && desired?.spec.schedule?.overlap === 'replace';
    if (isNextDue && this.schedules.mayReplace(slot.id)) return;
    const isAsked =
      slot.restartRequestedMs !== null ||
      this.#lifecycle.mayStop(kernel, slot, cause) ||
      this.#durations.mayStop(kernel, slot, cause) ||
      (cause === 'replaced' && this.ports.mayFollow(kernel, slot));
    if (!isLeaving && !isOutdated && !isAsked)
      this.#fail(`I4: ${slot.id} stopped (${cause}) although it runs as wanted`);
    if (!isLeaving) return;
    const isDeclared = desired !== undefined && !kernel.desired.shuttingDown && desired.spec.enabled;
    if (isDeclared && !this.#project.everStopped.has(desired.spec.name))
      this.#fail(`I4: ${slot.id} stopped, but neither a command nor an edit stopped it: ${desired.because}`);
    for (const other of kernel.slots.values()) {
      const depends = other.spec?.dependsOn.some(({ service }) => service === slot.service);
      const alsoLeaving = !kernel.desired.instances.get(other.id)?.run;
      if (depends && alsoLeaving && isNonceOf(other, this.#leaderOf(other.id)?.of?.nonce))
        this.#fail(`I15: ${slot.id} stopped before ${other.id}, which depends on it`);
    }
  }

  #checkMayKill({ id, phase, spec }: Slot): void {
    if (phase.kind !== 'ending' || this.killingIsFine) return;
    const hadMs = this.#supervisorMs() - phase.sinceMs;
    if (hadMs < (spec?.stop.graceMs ?? 0) - LIVE_EDITS_MS)
      this.#fail(`${id} killed ${hadMs} ms after it was asked to stop`);
  }

  #supervisorMs(): number {
    return Math.floor(this.#machine.schedule.nowMs + this.#clockOffsetMs);
  }

  /** The timeout of `down --timeout` is over. */
  killingIsFine = false;
  /** The supervisor's clock less the machine's: taken from the wall when it starts. */
  #clockOffsetMs = 0;

  /** I2: the whole tree of the previous owner of the key is dead. */
  #checkSingleton(spec: ServiceSpec, nonce: string): void {
    if (!spec.singleton) return;
    for (const other of this.#machine.processes.alive()) {
      if (other.of && other.of.nonce !== nonce && this.#machine.singletonNonces.has(other.of.nonce))
        this.#fail(`I2: ${spec.name} starts while pid ${other.pid} of ${other.of.root} ${other.of.instance} lives`);
    }
    this.#machine.singletonNonces.add(nonce);
  }

  /** No state was ever lost, and the clock never set. */
  #isMemorySure(): boolean {
    const wasClockSet = this.#machine.wallOffsetMs !== this.#firstOffsetMs;
    return !wasClockSet && !this.#project.isStateSpoiled && this.stateUnsureUntilMs === 0 && this.stateDirDeletedMs < 0;
  }

  // ---- properties at any time --------------------------------------------------------------------------------------

  /** I19: ready is earned. */
  checkReady(): void {
    if (this.kernel) this.#lifecycle.checkReady(this.kernel);
  }

  /** I6: what is in force was once on disk, whole and valid. */
  checkConfig(): void {
    const config = this.kernel?.accepted?.config;
    if (!config || config === this.#checkedConfig || this.#project.wantsDown) return;
    this.#orderEdited(this.#checkedConfig, config);
    this.#checkedConfig = config;
    const text = JSON.stringify(unexpanded(config));
    const guest = this.#guest;
    this.readings.onConfig(guest, text);
    if (guest) this.holds.onConfig(guest, config, text);
    if (guest) this.#checkShell(guest, (shell) => isLoadedBy(config, shell), 'the configuration in force was loaded');
  }

  /** A task that is edited runs again, also where the edit leads back to a version that had completed. */
  #orderEdited(before: ProjectConfig | null, now: ProjectConfig): void {
    for (const { name, specHash } of now.services) {
      if (before?.services.find((one) => one.name === name)?.specHash === specHash) continue;
      for (const run of [...this.#done])
        if (run.startsWith(`${name}.`) && run.endsWith(` ${specHash}`)) this.#done.delete(run);
    }
  }

  /** I21: no other shell than that of the last `up`. */
  #checkShell({ shell, nextShells }: Guest, isOf: (shell: Shell) => boolean, what: string): void {
    if (isOf(shell) || nextShells.some(isOf)) return;
    this.#fail(`I21: ${what} with the environment of another shell than the last \`up\` (${JSON.stringify(shell)})`);
  }

  /** I21: the name of the environment changes with consent only, and nothing else needs it. */
  checkConsent(
    guest: Guest,
    { env }: Shell,
    { consents, isRefused, others }: { consents: boolean; isRefused: boolean; others: readonly Shell[] },
  ): void {
    const mayBeInForce = [guest.shell, ...others];
    const isOther = (shell: Shell): boolean => !consents && shell.env !== env;
    if (isRefused && !mayBeInForce.some(isOther))
      this.#fail(`I21: \`up\` for ${env} was refused over ${guest.shell.env}`);
    if (!isRefused && mayBeInForce.every(isOther) && guest.isAlive)
      this.#fail(`I21: \`up\` for ${env} was not refused over ${guest.shell.env}`);
  }

  // ---- properties once everything is quiet --------------------------------------------------------------------------

  /** I1, I3, I7: what runs is what is declared, and nothing else. */
  checkActual(): void {
    const { kernel } = this;
    if (!kernel) this.#fail('I7: no supervisor runs');
    const { stateDir } = this.#project;
    if (!this.#machine.files.get(`${stateDir}/run/orch.sock`)) this.#fail(`I7: no socket is left in ${stateDir}`);
    for (const { what, guest } of this.#asked.values())
      if (guest?.isAlive) this.#fail(`I9: \`orch ${what}\` has not returned`);
    const live = new Map<string, SimProcess>();
    for (const process of this.#ours()) if (process.isLeader) live.set(process.of!.instance, process);
    for (const name of this.#project.heldStopped.keys()) {
      for (const id of live.keys()) if (id.startsWith(`${name}.`)) this.#fail(`${id} runs although it is held stopped`);
    }
    for (const [id, desired] of kernel.desired.instances) {
      const slot = kernel.slots.get(id);
      const process = live.get(id);
      live.delete(id);
      if (!desired.run) {
        if (!this.#project.everStopped.has(desired.spec.name) && desired.spec.start === 'auto')
          this.#fail(`I7: ${id} is not wanted, but was never stopped: ${desired.because}`);
        if (process) this.#fail(`I7: ${id} lives although it is not wanted`);
      } else if (process) this.#checkRuns(process, slot, desired.spec);
      else if (!this.#isExplained(slot, desired.spec))
        this.#fail(`I1: ${id} does not run and nothing explains it: ${JSON.stringify(slot)}`);
    }
    const left = [...live.keys()].find((id) => !this.#lifecycle.isLeaving(kernel, id));
    if (left) this.#fail(`I3: ${left} lives but is not declared`);
    this.ports.checkQuiet(kernel);
    this.schedules.checkQuiet(kernel, (slot) => this.#isAdoptedInItsPlace(slot));
    for (const slot of this.kernel!.slots.values()) this.#durations.checkVerdict(slot);
    this.#durations.checkQuiet(this.kernel!);
    this.#lifecycle.checkQuiet(kernel, !this.#project.isStateSpoiled && this.stateUnsureUntilMs === 0);
    for (const { of, pid } of this.#ours()) {
      const slot = kernel.slots.get(of!.instance as InstanceId);
      const endedMs = this.#endedMs.get(of!.nonce) ?? 0;
      // What the main process left behind has its own grace period.
      if (this.#machine.schedule.nowMs - endedMs < LEFTOVERS_MS) continue;
      if (!slot || !isNonceOf(slot, of!.nonce))
        this.#fail(`I3: pid ${pid} of ${of!.instance} belongs to no incarnation`);
    }
    if (JSON.stringify(unexpanded(kernel.accepted!.config)) !== JSON.stringify(this.#project.config()))
      this.#fail('I7: the last configuration is not in force');
  }

  #checkRuns(process: SimProcess, slot: Slot | undefined, spec: ServiceSpec): void {
    if (!slot || !isOccupied(slot)) this.#fail(`I3: ${slot?.id} lives but its slot is ${slot?.phase.kind}`);
    // A run ends as it began.
    const isOld = spec.schedule === null && process.of!.specHash !== spec.specHash;
    if (isOld && !this.#isRolloutHalted(spec)) this.#fail(`I7: ${slot!.id} still runs an older version`);
  }

  /** A new version that does not come up: the rest of the older one is left alone. */
  #isRolloutHalted(spec: ServiceSpec): boolean {
    const rollout = this.kernel!.rollouts.get(spec.name);
    if (rollout && rollout.verdict.kind !== 'going') return true;
    // What serves is not stopped for a version whose conditions do not hold.
    if (rollout && rollout.waitingSinceMs !== null && this.#isBlocked(spec)) return true;
    for (let index = 1; index <= spec.pool; index++) {
      const slot = this.kernel!.slots.get(`${spec.name}.${index}` as InstanceId);
      if (slot?.phase.kind !== 'alive' && (slot?.phase.kind === 'failed' || this.#isBlocked(spec))) return true;
    }
    return false;
  }

  #isBlocked(spec: ServiceSpec): boolean {
    const { slots, desired } = this.kernel!;
    const blocker = this.kernel!.dependencies().blockerOf(spec);
    if (blocker?.dependency.required !== false) return blocker !== null;
    // An optional one blocks only while it may still come.
    const { service } = blocker.dependency;
    const wanted = [...desired.instances.values()].filter(({ run, spec: { name } }) => run && name === service);
    return (
      wanted.length > 0 && ![...slots.values()].some((one) => one.service === service && one.phase.kind === 'failed')
    );
  }

  /** A hanging start is correct only for the newest version, and without a requested restart. */
  #hangsRightly({ spec, phase, restartRequestedMs }: Slot, declared: ServiceSpec): boolean | null {
    const service = this.#project.services[Number(declared.name.slice(1))];
    if (phase.kind !== 'starting' || !spec || !service || !hangs(service, versionOf(spec.specHash))) return null;
    const isNewest = spec.specHash === declared.specHash || this.#isRolloutHalted(declared);
    return isNewest && restartRequestedMs === null;
  }

  #isExplained(slot: Slot | undefined, spec: ServiceSpec): boolean {
    const hangsRightly = slot ? this.#hangsRightly(slot, spec) : null;
    if (hangsRightly !== null) return hangsRightly;
    if (this.#isBlocked(spec)) return true;
    if (!slot) return false;
    const { kind } = slot.phase;
    if (this.#isAdoptedInItsPlace(slot)) return true;
    // Between two runs; that they come is checked by itself.
    if (spec.schedule) return true;
    // In the middle of a restart at its time.
    if (spec.restart.times && this.#hasJustBegun(slot)) return true;
    // A program that comes and goes by itself moves its dependents, and those the holders of their keys.
    if (this.#machine.neverRests && this.#hasJustBegun(slot)) return true;
    // The older version was lost with the supervisor that died, and the newer one is known not to work.
    if (slot.spec?.specHash !== spec.specHash && this.#isRolloutHalted(spec)) return true;
    if (slot.phase.kind === 'backoff' && slot.phase.untilMs - this.#supervisorMs() > MAX_BACKOFF_MS) return false;
    const mayEnd = this.#project.services[Number(spec.name.slice(1))]?.program.endsAfterMs !== null;
    return (
      (kind === 'completed' && this.#hasSucceeded(slot, spec)) ||
      kind === 'failed' ||
      (kind === 'blocked' && spec.singleton !== null && !this.#done.has(`${slot.id} ${slot.spec?.specHash}`)) ||
      // Ended again and again by one with the same key that ends by itself, and was gone before its tree was.
      (kind === 'backoff' && spec.singleton !== null && this.#machine.neverRests) ||
      ((kind === 'backoff' || kind === 'starting' || kind === 'ending') && mayEnd) ||
      (slot.phase.kind === 'alive' && mayEnd && this.#hasJustEnded(slot.phase.process.nonce))
    );
  }

  /** Its last run in the version that it counts as completed in: a roll-back returns to that. */
  #hasSucceeded({ id, spec }: Slot, { successCodes }: ServiceSpec): boolean {
    const exit = this.#lastExitsIn.get(`${id} ${spec?.specHash}`);
    return exit !== undefined && 'code' in exit && (successCodes ?? [0]).includes(exit.code);
  }

  #hasJustBegun({ phase }: Slot): boolean {
    const isMoving = phase.kind === 'starting' || phase.kind === 'ending';
    return isMoving && this.#supervisorMs() - phase.sinceMs < MOVING_MS;
  }

  /** Its supervisor notices soon. */
  #hasJustEnded(nonce: string): boolean {
    return this.#machine.schedule.nowMs - (this.#endedMs.get(nonce) ?? 0) < NEWS_MS;
  }

  /**
   * A known limit: a process in a session of its own is taken for the main one where the supervisor died before it could
   * write down which that was, and the main one ended as well.
   */
  #isAdoptedInItsPlace({ id, phase }: Slot): boolean {
    if (phase.kind !== 'alive' || !phase.adopted) return false;
    if (!this.#unrecorded.has(id) && !this.#project.isStateSpoiled) return false;
    const process = this.#machine.processes.get(phase.process.pid);
    return process !== undefined && process.state !== 'Z' && process.of?.nonce === phase.process.nonce;
  }

  /** I9: after `down`. */
  checkEmpty(afterMs: number): void {
    const [left] = this.#ours();
    if (left) this.#fail(`I9: pid ${left.pid} of ${left.of!.instance} lives ${afterMs} ms after the shutdown began`);
    if (this.#project.guest) this.#fail('I9: the supervisor lives on');
  }

  // ---- the world ---------------------------------------------------------------------------------------------------

  #isOurs(process: SimProcess): boolean {
    return process.of?.root === this.#project.root;
  }

  #ours(): SimProcess[] {
    return this.#machine.processes.alive().filter((process) => this.#isOurs(process));
  }

  #leaders(): SimProcess[] {
    return this.#machine.processes.alive().filter((process) => process.isLeader && this.#isOurs(process));
  }

  #leaderOf(id: string): SimProcess | undefined {
    return this.#leaders().find(({ of }) => of!.instance === id);
  }

  #fail(what: string): never {
    this.#machine.fail(`${this.#project.root}: ${what}`);
  }
}

/** Edits of a grace period while it runs add up to less than this. */
const LIVE_EDITS_MS = 50;
/** What an edit or a command sets going is over after this. */
const PERSON_MS = 12_000;
/** A start, with the end of the holder of the key; a stop. */
const MOVING_MS = 5_000;
/** Of the scenarios. */
const MAX_BACKOFF_MS = 5_000;
/** The end of an adopted process is seen by looking. */
const NEWS_MS = 500;
/** The longest grace period of the scenarios, and the rounds of SIGKILL. */
const LEFTOVERS_MS = 4_000;
/** What happened this long before a crash may not be on disk. */
const UNSAVED_MS = 250;
/** Every step of a write may be stalled. */
const LOADED_UNSAVED_MS = 1_000;

function isNonceOf({ phase }: Slot, nonce: string | undefined): boolean {
  return (phase.kind === 'alive' || phase.kind === 'ending') && phase.process.nonce === nonce;
}
