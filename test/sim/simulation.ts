// Runs a scenario: the real supervisor in the simulated machine, the operations at their times, the properties after every
// event. A violation throws with what was seen.
import { resume } from './holds.ts';
import type { GuestCode } from './machine/guest.ts';
import { Machine } from './machine/machine.ts';
import type { SimProcess } from './machine/processes.ts';
import { Dead, Violation } from './machine/violation.ts';
import { operate, type Scene } from './operations.ts';
import { checkOutcomes, planAndEdit } from './plan-check.ts';
import { DOWN_AGAIN_MS, Project } from './project.ts';
import type { Scenario, SimService } from './scenario.ts';

/** Every grace period, two kill rounds, a full resync and the longest back-off in these scenarios. */
const SETTLE_MS = 30_000;
/** How soon the owner types `orch up` after a crash that was planned. */
const UP_AFTER_CRASH_MS = 30;
/** A supervisor whose socket was removed has another one by then. */
const RESTORED_MS = 5_000;
const QUIET_MS = 12_000;
/** For the next supervisor to come, and to take over. */
const COME_BACK_MS = 5_000;
/** For a pool that is replaced one by one, each drained and then killed. */
const ROLLOUT_MS = 15_000;

/** UNKNOWN_SPEC in src/supervisor/adoption/adopt.ts. */
const UNKNOWN_GRACE_MS = 10_000;

export class Simulation {
  readonly machine: Machine;
  readonly projects: Project[];
  /** Of all effects of the first project's supervisors, counted over their lives; null: none dies. */
  crashBeforeEffect: number | null = null;
  #scenario: Scenario;

  constructor(scenario: Scenario, code: GuestCode) {
    this.#scenario = scenario;
    this.machine = new Machine(scenario.seed);
    const isLinked = scenario.steps.some(({ operation }) => operation.kind === 'switchLink');
    this.projects = scenario.projects.map(
      ({ services }, index) => new Project(this.machine, code, index, services, isLinked),
    );
    for (const project of this.projects) project.mayEnd = scenario.endsItself === true;
    const services = scenario.projects.flatMap((project) => project.services);
    this.machine.neverRests =
      services.some(({ schedule, program }) => schedule !== null || program.endsAfterMs !== null) ||
      scenario.projects.some(({ services }) => services.some((one) => needsOtherHolder(one, services)));
    this.machine.processes.onSignal = (target, signal) => this.#checkSignal(target, signal);
    this.machine.processes.onEnd = (process, exit) => {
      this.machine.note(
        () => `pid ${process.pid} (${process.of?.instance ?? process.kind}) ended: ${JSON.stringify(exit)}`,
      );
      if (!process.isLeader) return;
      this.machine.ports.onEnd(process);
      this.#projectOf(process)?.oracle.onEnd(process, exit);
    };
  }

  async run(): Promise<void> {
    if (this.crashBeforeEffect !== null) this.projects[0]!.crashBeforeEffect(this.crashBeforeEffect, UP_AFTER_CRASH_MS);
    // A crash may make an exit unknown, which counts as a failure.
    const mustNotFail = this.#scenario.neverGivenUp === true && this.crashBeforeEffect === null;
    for (const project of this.projects) project.mustNotFail = mustNotFail;
    for (const project of this.projects) project.up();
    for (const { afterMs, project, operation } of this.#scenario.steps) {
      await this.advance(afterMs);
      this.machine.note(() => `-- ${project} ${JSON.stringify(operation)}`);
      operate(this.#sceneOf(project), operation);
    }
    if (this.#scenario.endsItself) {
      await this.endItself();
      return;
    }
    await this.settle();
    // A supervisor that dies meanwhile does not do what it planned.
    if (this.crashBeforeEffect === null) await this.followPlan();
    await this.shutDown();
  }

  async advance(ms: number): Promise<void> {
    const { schedule } = this.machine;
    await schedule.runUntil(schedule.nowMs + ms, () => this.#check());
  }

  /** I7: when the faults stop, what runs is what is declared, and then nothing more happens. */
  async settle(): Promise<void> {
    this.machine.note(() => '-- settle');
    this.machine.endFaults();
    for (const project of this.projects) {
      for (const guest of project.guests) {
        guest.thaw();
        if (this.crashBeforeEffect === null) guest.crashAt = null;
      }
      project.isManual = false;
      project.save();
      resume(project);
    }
    await this.advance(100);
    for (const project of this.projects) project.up([], true);
    await this.advance(RESTORED_MS);
    // The first one reached no supervisor where the socket was removed.
    for (const project of this.projects) resume(project);
    await this.advance(SETTLE_MS - RESTORED_MS);
    await this.#comeBack();
    for (const { oracle } of this.projects) oracle.checkActual();
    const quietSinceMs = this.machine.schedule.nowMs;
    await this.advance(QUIET_MS);
    for (const { oracle, services } of this.projects) {
      // A program that comes and goes by itself may have the key of one that does not.
      const isBusy = services.some(
        ({ program, policy, schedule, singleton, restartsEveryS }) =>
          schedule !== null ||
          restartsEveryS !== undefined ||
          (program.endsAfterMs !== null && policy !== 'never') ||
          (singleton !== null && this.machine.neverRests),
      );
      if (!isBusy && oracle.lastActionMs > quietSinceMs)
        this.machine.fail('I7: actions although nothing happened any more');
    }
    await this.#comeBack();
    for (const { oracle } of this.projects) oracle.checkActual();
  }

  /** A planned crash may come at the end of a wait, and is a fault as well. */
  async #comeBack(): Promise<void> {
    const sinceMs = this.machine.schedule.nowMs - COME_BACK_MS;
    const isThere = ({ guest, oracle }: Project): boolean =>
      guest !== null && guest.process.bornMs <= sinceMs && oracle.kernel?.accepted != null;
    if (this.crashBeforeEffect !== null && !this.projects.every(isThere)) await this.advance(COME_BACK_MS);
  }

  /** I18, and I4 and I7 over one more edit that nothing disturbs. */
  async followPlan(): Promise<void> {
    const { project, operation } = this.#scenario.lastEdit;
    this.machine.note(() => `-- planned: ${JSON.stringify(operation)}`);
    const scene = this.#sceneOf(project);
    const planned = await planAndEdit(scene, operation);
    await this.advance(ROLLOUT_MS);
    if (planned) checkOutcomes(scene, planned);
  }

  /**
   * I9: everything is gone within the grace periods of the longest chain, the kill rounds and 2 s a link. What a crash left
   * without a known spec has the grace of `adopt`.
   */
  async shutDown(): Promise<void> {
    let boundMs = 5_000 + UNKNOWN_GRACE_MS;
    this.machine.note(() => '-- down');
    for (const project of this.projects) {
      const { downTimeoutMs, crashInDown } = this.#scenario;
      project.oracle.killingIsFine = downTimeoutMs !== null;
      project.down(downTimeoutMs, this.crashBeforeEffect === null ? crashInDown : null);
      if (crashInDown !== null) boundMs += DOWN_AGAIN_MS + UNKNOWN_GRACE_MS;
      for (const { graceMs, life } of project.services) boundMs += graceMs + (life.drain?.timeoutMs ?? 0) + 3_000;
    }
    await this.advance(boundMs);
    for (const { oracle } of this.projects) oracle.checkEmpty(boundMs);
  }

  /** A service has ended, or soon will: then everything is gone, as after `down`. */
  async endItself(): Promise<void> {
    await this.advance(SETTLE_MS);
    for (const { oracle } of this.projects) oracle.checkEmpty(SETTLE_MS);
  }

  #check(): void {
    checkRejections();
    if (this.machine.violation) throw this.machine.violation;
    for (const { oracle } of this.projects) {
      oracle.checkConfig();
      oracle.checkReady();
    }
  }

  #checkSignal(target: SimProcess, signal: string): void {
    this.machine.note(() => `${signal} to pid ${target.pid} (${target.of?.instance ?? target.kind})`);
    if (target.kind !== 'ours') this.machine.fail(`I5: ${signal} was sent to pid ${target.pid}, a ${target.kind}`);
    this.#projectOf(target)?.oracle.onSignal(target, signal);
  }

  #sceneOf(index: number): Scene {
    const { machine, projects } = this;
    return { machine, projects, project: projects[index % projects.length]! };
  }

  #projectOf(process: SimProcess): Project | undefined {
    return this.projects.find(({ root }) => root === process.of?.root);
  }
}

function checkRejections(): void {
  const [reason] = rejections.splice(0).filter((one) => !(one instanceof Dead));
  if (reason === undefined) return;
  if (reason instanceof Violation) throw reason;
  throw new Violation(`uncaught: ${reason instanceof Error ? reason.stack : String(reason)}`);
}

const rejections: unknown[] = [];
process.on('unhandledRejection', (reason) => rejections.push(reason));

/** Its start ends what it depends on, which `validate` warns of. */
const needsOtherHolder = ({ singleton, dependsOn }: SimService, services: readonly SimService[]): boolean =>
  singleton !== null && dependsOn.some(({ on }) => services[on]!.singleton !== null);
