// What happens in a round: derived from its seed alone. Nothing here looks at the world.
import { chanceOf } from './chance.mjs';
import { COUNT, INVALID } from './configurations.mjs';

/** Instances that are harmed directly. */
const VICTIMS = ['a.1', 'a.2', 'a.3', 'b.1', 's.1', 'e.1', 'x.1'];
const SERVICES = ['a', 'b', 's', 'e'];

const shortly = (chance) => chance.between(100, 1200);

/** Fault -> its parameters. The more often a name stands in `ORDER`, the more often it comes. */
const FAULTS = {
  killSupervisor: (chance) => ({ upAfterMs: chance.between(0, 800), clients: chance.pick([1, 1, 2, 4]) }),
  stopSupervisor: (chance) => ({ forMs: shortly(chance) }),
  killWriter: () => ({}),
  stopWriter: (chance) => ({ forMs: shortly(chance) }),
  killChild: (chance) => ({ id: chance.pick(VICTIMS), signal: chance.pick(['SIGKILL', 'SIGTERM', 'SIGSEGV']) }),
  stopChild: (chance) => ({ id: chance.pick(VICTIMS), forMs: shortly(chance) }),
  edit: (chance) => ({ to: chance.between(0, COUNT - 1), style: chance.pick(['atomic', 'inPlace']) }),
  tornEdit: (chance) => ({ to: chance.between(0, COUNT - 1), seed: chance.between(0, 1e9), forMs: shortly(chance) }),
  invalidEdit: (chance) => ({ which: chance.between(0, INVALID.length - 1), forMs: shortly(chance) }),
  removeFile: (chance) => ({ forMs: shortly(chance) }),
  gitSwitch: (chance) => ({ to: Array.from({ length: chance.between(1, 6) }, () => chance.between(0, COUNT - 1)) }),
  fillDisk: (chance) => ({ forMs: chance.between(300, 2500) }),
  exhaustSupervisor: (chance) => ({ forMs: chance.between(300, 2500) }),
  exhaustWriter: (chance) => ({ forMs: chance.between(300, 1500) }),
  up: (chance) => ({ clients: chance.between(1, 4) }),
  restart: (chance) => ({ service: chance.pick(SERVICES) }),
  stopAndStart: (chance) => ({ service: chance.pick(SERVICES) }),
  recyclePid: (chance) => ({ id: chance.pick(['a.1', 'b.1', 's.1']) }),
  upgrade: () => ({}),
  upElsewhere: (chance) => ({ tag: chance.pick(['one', 'two']), environment: chance.pick([null, null, 'prod']) }),
  killAndLeave: () => ({}),
  squat: (chance) => ({ forMs: chance.between(800, 2500) }),
  switchLink: (chance) => ({ to: chance.between(0, COUNT - 1) }),
  neverReady: (chance) => ({ forMs: chance.between(1000, 4500), to: chance.between(0, COUNT - 1) }),
};
const ORDER = [...Object.keys(FAULTS), 'killSupervisor', 'killSupervisor', 'killChild', 'killChild', 'edit', 'edit'];

/** @returns `{atMs, name, ...parameters}` in order of time. Faults that last overlap with those that follow. */
export function scheduleOf(seed, faults) {
  const chance = chanceOf(seed);
  const steps = [];
  let atMs = 0;
  for (let n = 0; n < faults; n++) {
    atMs += chance.pick([0, 50, 200, 500, 900]);
    const name = chance.pick(ORDER);
    steps.push({ atMs, name, ...FAULTS[name](chance) });
  }
  const [first, last, after] = [0, 1, 2].map(() => chance.between(0, COUNT - 1));
  return { first, last, after, respawns: chance.pick([true, false]), steps };
}
