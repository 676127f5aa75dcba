// Carries out the operations of a scenario on the machine and its projects.
import type { ServiceName } from '../../src/core/spec.ts';
import { nameOf, portFor } from './declared.ts';
import { applyHeld, pause, resume } from './holds.ts';
import type { Machine } from './machine/machine.ts';
import { type SimProcess, STRANGER } from './machine/processes.ts';
import { InjectedFault } from './machine/violation.ts';
import type { Project } from './project.ts';
import type { Operation } from './scenario.ts';
import type { Wait } from './wait-oracle.ts';

type OperationOf<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

/** @param projects all of them: some operations affect the whole machine */
export function operate(scene: Scene, operation: Operation): void {
  for (const { oracle } of scene.projects) oracle.onOperation();
  const run = OPERATIONS[operation.kind] as (scene: Scene, operation: Operation) => void;
  run(scene, operation);
}

/** Work that waited for a delayed supervisor is done after this. */
const HELD_UP_MS = 12_000;
/** A clock that was set is noticed, and what follows from it done, after this. */
const CLOCK_SEEN_MS = 12_000;

/** Less than the time for a scenario to settle. */
const WAIT_MS = 20_000;
const AFTER_COMMAND_MS = 40;

export type Scene = { machine: Machine; project: Project; projects: readonly Project[] };
type Operations = { [K in Operation['kind']]: (scene: Scene, operation: OperationOf<K>) => void };

const OPERATIONS: Operations = {
  setPool: ({ project }, { service, pool }) =>
    project.change(service, (declared) => {
      declared.pool = pool;
    }),
  changeSpec: ({ project }, { service }) =>
    project.change(service, (declared) => {
      declared.version++;
    }),
  changeLive: ({ project }, { service }) =>
    project.change(service, (declared) => {
      declared.liveVersion++;
    }),
  remove: ({ project }, { service }) =>
    project.change(service, (declared) => {
      declared.declared = false;
    }),
  restore: ({ project }, { service }) =>
    project.change(service, (declared) => {
      declared.declared = true;
    }),
  changeAll: ({ project }) => {
    project.isDraft = true;
    for (const index of project.services.keys()) {
      project.change(index, (declared) => {
        declared.version++;
      });
    }
    project.isDraft = false;
    project.save();
  },
  commentEdit: ({ project }) => project.save(),
  goodEdit: ({ project }) => project.save(),
  badEdit: ({ project }, { how }) => project.spoil(how),
  stop: command,
  start: command,
  restart: command,
  scale: ({ project }, { service, pool }) => {
    void project.call('scale', { service: nameOf(service), size: pool });
    // An instance that is scaled away and comes back starts without back-off.
    project.oracle.forgiveBackoff(nameOf(service));
  },
  up: (scene, { saysYes }) => {
    scene.project.up([], saysYes);
    waitFor(scene, { condition: 'converged', names: [] });
  },
  editFile: ({ project }, { service }) => {
    if (!project.services[service]) return;
    project.oracle.watches.edit(nameOf(service));
    project.oracle.forgiveBackoff(nameOf(service));
  },
  upOne: (scene, { service }) => {
    const { project } = scene;
    project.up([nameOf(service)]);
    waitFor(scene, { condition: 'converged', names: [nameOf(service)] });
    project.heldStopped.delete(nameOf(service));
    askFor(project, nameOf(service));
    for (const { on } of project.services[service]?.dependsOn ?? []) askFor(project, nameOf(on));
    for (const { on } of project.services[service]?.dependsOn ?? []) project.heldStopped.delete(nameOf(on));
  },
  upFrom: ({ project }, { shell, consents }) => {
    project.upFrom(shell, consents);
    for (const index of project.services.keys()) project.oracle.forgiveBackoff(nameOf(index));
  },
  upgrade: ({ project }) => project.upgrade(),
  pause: ({ project }) => pause(project),
  resume: ({ project }) => resume(project),
  holdEdits: ({ project }, { isManual }) => {
    project.isManual = isManual;
    project.save();
  },
  applyHeld: ({ project }) => applyHeld(project),
  fault,
  killOne: hit,
  suspendOne: hit,
  sicken: ({ machine, project }, { which, forMs }) => {
    const victim = oneOf(machine, project, which, ({ isLeader }) => isLeader);
    if (victim) machine.health.sicken(victim, forMs);
  },
  bloat: ({ machine, project }, { which }) => {
    const isMain = ({ isLeader }: SimProcess): boolean => isLeader;
    const victims = machine.processes
      .alive()
      .filter(({ of }) => of?.root === project.root)
      .filter(isMain);
    const chosen = which === null ? victims : victims.slice(which % Math.max(1, victims.length)).slice(0, 1);
    for (const victim of chosen) machine.health.bloat(victim);
  },
  crash,
  freeze: ({ project }, { forMs }) => {
    project.troubles++;
    project.guest?.freeze(forMs);
    // The lifetime of a process that exits meanwhile is unknown.
    project.oracle.isBlind = true;
    project.oracle.schedules.forgive(forMs + HELD_UP_MS);
  },
  failSpawns: ({ machine }, { count, errno }) => {
    machine.faults.spawns = { count, errno };
  },
  loseExits: ({ machine, projects }, { count }) => {
    machine.faults.exitsLost = count;
    for (const { oracle } of projects) oracle.isBlind = true;
  },
  lateExits: ({ machine, projects }, { count, byMs }) => {
    machine.faults.exitsLate = { count, byMs };
    for (const { oracle } of projects) oracle.isBlind = true;
  },
  failSaves: ({ machine, project }, { count }) => {
    machine.faults.saves = { count, under: project.stateDir };
    project.oracle.stateUnsureUntilMs = machine.schedule.nowMs + 15_000;
    project.oracle.forgetState();
  },
  loseWatchEvents: ({ machine }, { count }) => {
    machine.faults.watchEvents = count;
  },
  slowKills: ({ machine }, { byMs }) => {
    machine.processes.slowKillMs = byMs;
  },
  strangers: bearStrangers,
  takePort: ({ machine, project }, { service, instance, forMs, shares }) =>
    machine.ports.takeIfFree(portFor(project.firstPort, service, instance), forMs, shares),
  recycle: ({ machine }, { count }) => {
    machine.processes.recycle = count;
  },
  load: ({ machine, projects }, { forMs }) => {
    machine.busyUntilMs = machine.schedule.nowMs + forMs;
    for (const { oracle } of projects) oracle.schedules.forgive(forMs + HELD_UP_MS);
  },
  setClock: ({ machine, projects }, { byMs }) => {
    machine.wallOffsetMs += byMs;
    for (const { oracle } of projects) oracle.schedules.onClockSet(CLOCK_SEEN_MS);
  },
  deleteStateDir: ({ machine, project }) => {
    project.troubles++;
    machine.files.removeTree(project.stateDir);
    project.oracle.stateDirDeletedMs = machine.schedule.nowMs;
    for (const path of machine.sockets.keys()) if (path.startsWith(project.stateDir)) machine.sockets.delete(path);
    project.oracle.forgetState();
    project.isStateSpoiled = true;
  },
  switchLink: ({ machine, project }, { service }) => {
    project.troubles++;
    project.isDraft = true;
    project.change(service, (declared) => {
      declared.version++;
    });
    project.isDraft = false;
    project.deploy();
    // Until its supervisor has followed, the new directory has no state. What starts meanwhile may fail.
    project.oracle.stateDirDeletedMs = machine.schedule.nowMs;
    project.oracle.forgetState();
    project.isStateSpoiled = true;
  },
  spoilState,
};

function command(scene: Scene, { kind, service, instance }: OperationOf<'stop' | 'start' | 'restart'>): void {
  const { project } = scene;
  const name = nameOf(service);
  const target = instance === null ? name : `${name}.${instance}`;
  const answer = project.call(kind, { names: [target] });
  if (kind === 'stop') project.everStopped.add(name);
  else askFor(project, name);
  if (kind === 'stop' && answer) project.oracle.expectAnswer(`stop ${target}`, answer);
  const isKnown = project.oracle.kernel?.desired.services.has(name as ServiceName);
  if (kind !== 'stop') project.heldStopped.delete(name);
  else if (answer && isKnown && instance === null) project.heldStopped.note(name, answer);
  // A person's word overrules the back-off.
  project.oracle.forgiveBackoff(name);
  if (kind !== 'stop') waitFor(scene, { condition: 'ready', names: [target] });
}

function askFor({ everAskedFor, oracle }: Project, name: string): void {
  everAskedFor.add(name);
  oracle.onAskedFor(name);
}

/** `orch wait`, once the command before it has had its effect. */
function waitFor({ machine, project }: Scene, wait: Wait): void {
  machine.schedule.after(AFTER_COMMAND_MS, () => {
    const { guest, oracle } = project;
    const answer = project.call('wait', { for: wait.condition, names: [...wait.names], timeoutMs: WAIT_MS });
    if (!answer || !guest) return;
    oracle.expectAnswer(`wait ${wait.names.join(' ')}`, answer);
    void answer.then((result) => oracle.kernel && oracle.waits.onAnswer(wait, result, guest, oracle.kernel));
  });
}

/**
 * A successor follows a fault by itself, unless it fails as well. If the fault comes before the supervisor has taken over,
 * `orch up` reports it as any other failed start, and nothing is replaced.
 */
function fault({ machine, project }: Scene): void {
  const { guest } = project;
  if (!guest || guest.isFrozen) return;
  guest.later(0, () => {
    if (project.oracle.isInCharge(guest)) expectSuccessor(machine, project);
    else project.troubles++;
    throw new InjectedFault();
  });
  project.faults++;
  if (project.faults > 4) project.troubles++;
}

function expectSuccessor(machine: Machine, project: Project): void {
  const { troubles } = project;
  machine.schedule.after(5_000, () => {
    if (project.troubles === troubles && !project.guest)
      machine.fail(`${project.root}: no supervisor 5 s after a fault`);
  });
}

function hit({ machine, project }: Scene, { kind, which }: OperationOf<'killOne' | 'suspendOne'>): void {
  const victim = oneOf(machine, project, which, () => true);
  if (!victim) return;
  if (kind === 'killOne') machine.processes.end(victim, { signal: 'SIGKILL' });
  else {
    machine.health.noteSuspended(victim);
    machine.processes.stop(victim);
  }
}

function oneOf(machine: Machine, { root }: Project, which: number, fits: (process: SimProcess) => boolean) {
  const ours = machine.processes.alive().filter((process) => process.of?.root === root && fits(process));
  return ours[which % Math.max(1, ours.length)];
}

function crash({ machine, project }: Scene, { beforeEffect, upAfterMs, ups }: OperationOf<'crash'>): void {
  project.troubles++;
  const { guest } = project;
  if (!guest) return;
  const { onEnd } = guest;
  guest.onEnd = () => {
    onEnd();
    if (guest.ended && 'code' in guest.ended) return;
    project.troubles++;
    machine.schedule.after(upAfterMs, () => {
      if (project.wantsDown) return;
      for (let n = 0; n < ups; n++) project.up();
    });
  };
  if (beforeEffect === null) guest.end({ signal: 'SIGKILL' });
  else guest.crashAt = guest.effects + beforeEffect;
}

/** Programs that have nothing to do with us, on pids that may have been ours. */
function bearStrangers({ machine, projects }: Scene, { count, liveMs }: OperationOf<'strangers'>): void {
  const { processes, schedule } = machine;
  for (const { oracle } of projects) oracle.schedules.forgive(liveMs + HELD_UP_MS); // a taken port puts off a run
  for (let n = 0; n < count; n++) {
    const stranger = processes.fork({ ...STRANGER, joins: null });
    schedule.after(liveMs + n, () => processes.end(stranger, { code: 0 }));
    const idle = projects.flatMap(({ oracle }) => oracle.ports.idlePorts(oracle.kernel));
    // The first of them listen on ports that no instance has just now.
    if (n < idle.length) machine.ports.take(idle[n]!, stranger, liveMs + n);
  }
}

function spoilState({ machine, project }: Scene, { how }: OperationOf<'spoilState'>): void {
  const node = machine.files.get(`${project.stateDir}/state.json`);
  project.oracle.forgetState();
  project.isStateSpoiled = true;
  if (!node) return;
  if (how === 'truncated') machine.files.write(node, node.text.slice(0, Math.floor(node.text.length / 3)));
  if (how === 'garbage') machine.files.write(node, '\0\0[]}');
  if (how === 'other-version') machine.files.write(node, node.text.replace('"version":', '"version":9'));
  project.spoiledVersion = node.version;
}
