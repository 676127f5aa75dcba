// I18: an edit does exactly what `plan` says of it, and planning changes nothing. Asked when everything is quiet. A plan
// cannot foresee what moves by itself (programs that end, singletons, broken versions): that is left out.

import type { PlanChange } from '../../src/api/protocol-plan.ts';
import { isOccupied } from '../../src/core/slot.ts';
import type { InstanceId } from '../../src/core/spec.ts';
import type { InstanceOutcome } from '../../src/plan/simulate.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import { nameOf } from './declared.ts';
import { operate, type Scene } from './operations.ts';
import type { Project } from './project.ts';
import type { Edit } from './scenario.ts';
import { expandBy } from './shell.ts';

export type Outcomes = ReadonlyMap<string, InstanceOutcome>;

/** @returns what was planned; null if no supervisor could be asked. The file is written by then. */
export async function planAndEdit(scene: Scene, edit: Edit): Promise<Outcomes | null> {
  const { machine, project } = scene;
  project.isDraft = true;
  operate(scene, edit);
  project.isDraft = false;
  const { guest } = project;
  const { kernel } = project.oracle;
  if (!guest || !kernel) return null;
  const before = { effects: guest.effects, state: JSON.stringify(kernel.state()) };
  const { coverage } = project.oracle;
  project.oracle.coverage = new Set();
  const accepted = {
    config: expandBy(project.config(), guest.shell, machine.files.real(project.root)),
    watched: [],
    files: ['procs.yaml'],
    warnings: [],
  };
  const answer = project.call('plan', { accepted }) as Promise<{ changes: PlanChange[] }> | null;
  if (!answer) {
    project.oracle.coverage = coverage;
    return null;
  }
  const { changes } = await answer;
  // A plan simulates the change on a copy: its transitions do not count as coverage.
  project.oracle.coverage = coverage;
  if (guest.effects !== before.effects) machine.fail(`I18: ${project.root}: to plan did ${guest.trace.at(-1)}`);
  if (JSON.stringify(kernel.state()) !== before.state) machine.fail(`I18: ${project.root}: to plan changed the state`);
  const outcomes = outcomesOf(changes, kernel);
  project.oracle.beginRecord();
  project.save();
  return outcomes;
}

/** Once everything is quiet again. */
export function checkOutcomes({ machine, project }: Scene, planned: Outcomes): void {
  const { kernel } = project.oracle;
  const seen = observedOutcomes(project.oracle.actions);
  const isForeseeable = foreseeable(project);
  for (const id of new Set([...planned.keys(), ...seen.keys()])) {
    const [service, index] = id.split('.') as [string, string];
    const pool = kernel?.desired.services.get(service as never)?.pool ?? Number.POSITIVE_INFINITY;
    // On top of the pool while it is replaced: part of how, not of what. In the end it must be gone.
    const isDone = !planned.has(id) || !isOccupiedIn(kernel, id);
    if (!isForeseeable(service) || (Number(index) > pool && isDone)) continue;
    const [plan, fact] = [planned.get(id) ?? 'nothing', seen.get(id) ?? 'nothing'];
    if (plan === fact || isBlocked(kernel, id)) continue;
    machine.fail(`I18: ${project.root}: of ${id} the plan says ${plan}, and what happened is ${fact}`);
  }
}

function outcomesOf(changes: PlanChange[], kernel: Kernel): Outcomes {
  const outcomes = new Map<string, InstanceOutcome>();
  for (const { action, instances } of changes) {
    if (action === 'update') continue;
    for (const id of instances) outcomes.set(id, action === 'scale' ? scaledTo(kernel, id) : action);
  }
  return outcomes;
}

const scaledTo = (kernel: Kernel, id: string): InstanceOutcome => (isOccupiedIn(kernel, id) ? 'stop' : 'start');

function isOccupiedIn(kernel: Kernel | null, id: string): boolean {
  const slot = kernel?.slots.get(id as InstanceId);
  return slot !== undefined && isOccupied(slot);
}

function observedOutcomes(actions: readonly { kind: string; id: string }[]): Outcomes {
  const outcomes = new Map<string, InstanceOutcome>();
  for (const { kind, id } of actions) {
    const before = outcomes.get(id);
    if (kind === 'start') outcomes.set(id, before === undefined || before === 'start' ? 'start' : 'restart');
    else outcomes.set(id, before === 'start' ? before : 'stop');
  }
  return outcomes;
}

/** A plan also lists instances that wait for a dependency which does not come. */
function isBlocked(kernel: Kernel | null, id: string): boolean {
  const desired = kernel?.desired.instances.get(id as InstanceId);
  return desired?.run === true && kernel!.dependencies().blockerOf(desired.spec) !== null;
}

/** @returns whether nothing about a service, and about what it depends on, happens by itself. */
function foreseeable({ services, oracle }: Project): (service: string) => boolean {
  const moves = new Set<number>();
  services.forEach(({ program, schedule, singleton, life, dependsOn, restartsEveryS }, index) => {
    const isBroken = life.broken !== null || (oracle.kernel?.rollouts.has(nameOf(index) as never) ?? false);
    const isMoved = dependsOn.some(({ on }) => moves.has(on));
    const isTimed = schedule !== null || restartsEveryS !== undefined;
    if (program.endsAfterMs !== null || isTimed || singleton || isBroken || isMoved) moves.add(index);
  });
  return (service) => !moves.has(Number(service.slice(1)));
}
