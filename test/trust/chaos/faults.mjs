// Carries out the faults of a schedule. Whatever may end or replace an instance is noted as an excuse for one more start.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chanceOf } from './chance.mjs';
import {
  INVALID,
  instancesOf,
  LISTENING,
  meaningOf,
  NEVER_READY,
  OF_SHELL,
  textOf,
  tornTextOf,
} from './configurations.mjs';
import { descriptorsOf, isMain, isTaken, isWriter, lockHoldersOf, processesOf, statOf } from './proc.mjs';
import { stranger } from './scene.mjs';

const PLENTY = 4096;
const CATCHING_UP_MS = 500;
/** What differs between any two configurations. */
const EDITED = ['a.1', 'a.2', 'a.3', 'b.1', 'x.1', 'r.1', 'r.2', OF_SHELL];

/** @param toldOf what was done, for the story of a violation */
export function createFaults(scene, toldOf, violated) {
  const excuses = new Map();
  /** `stops`: when the supervisor was stopped and could not answer. */
  const seen = { writerKills: 0, supervisorKills: 0, stops: [] };
  let written = null;
  let edits = 0;
  let fills = 0;
  let squatters = 0;

  const excuse = (id) => excuses.set(id, (excuses.get(id) ?? 0) + 1);
  const supervisor = () => lockHoldersOf(scene.mark, scene.root)[0];
  const writer = () => processesOf(scene.mark).find(isWriter);
  const mainOf = (id) => processesOf(scene.mark).find((one) => isMain(one) && one.id === id);

  function send(target, signal) {
    if (!target || statOf(target.pid)?.startTime !== target.startTime) return false;
    try {
      process.kill(target.pid, signal);
      return true;
    } catch {
      return false; // it ended between the look and the signal
    }
  }

  function killSupervisor() {
    if (send(supervisor(), 'SIGKILL')) seen.supervisorKills++;
  }

  async function stopFor(target, forMs) {
    if (!send(target, 'SIGSTOP')) return;
    await pause(forMs);
    send(target, 'SIGCONT');
  }

  /** This text may be seen from now on. */
  function note(number) {
    const before = written === null ? new Map() : instancesOf(written);
    const after = instancesOf(number);
    for (const id of new Set([...before.keys(), ...after.keys()])) if (before.get(id) !== after.get(id)) excuse(id);
    written = number;
    edits++;
  }

  function save(number, style) {
    note(number);
    attempt(() => scene.write(textOf(number), style));
  }

  /** A disk may be full, a file may be gone: then that is how it is. */
  function attempt(work) {
    try {
      work();
    } catch (error) {
      toldOf(`  ${error.code ?? error.message}`);
    }
  }

  /** What was there before comes back, unless something else took its place. */
  async function replaceFor(forMs, replace, isStillOurs) {
    const before = existsSync(scene.file) ? readFileSync(scene.file, 'utf8') : textOf(written);
    attempt(replace);
    await pause(forMs);
    if (isStillOurs()) attempt(() => scene.write(before));
  }

  async function up(clients, command = () => scene.orch('up', '-d')) {
    const before = edits;
    // Each brings its variables, and may be followed by one that brings others.
    for (let n = 0; n < clients; n++) excuse(OF_SHELL);
    const outcomes = await Promise.all(Array.from({ length: clients }, command));
    // Each may have read what was there before an edit, and applied it after: then the file is read once more.
    for (let stale = 0; stale < clients * (edits - before); stale++) for (const id of EDITED) excuse(id);
    toldOf(
      `  up: ${outcomes.map(({ code, output }) => `${code}${code ? ` ${output.slice(0, 160)}` : ''}`).join(', ')}`,
    );
    return outcomes;
  }

  async function exhaust(target, forMs) {
    if (!target) return;
    const limit = (number) =>
      execFileSync('prlimit', [`--pid=${target.pid}`, `--nofile=${number}:`], { stdio: 'ignore' });
    attempt(() => limit(descriptorsOf(target.pid).length));
    await pause(forMs);
    if (statOf(target.pid)?.startTime === target.startTime) attempt(() => limit(PLENTY));
  }

  function fill() {
    const chunk = Buffer.alloc(64 * 1024);
    for (let size = chunk.length; size >= 1; size = Math.floor(size / 4)) {
      try {
        for (;;) appendFileSync(join(scene.root, 'filler'), chunk.subarray(0, size));
      } catch (error) {
        if (error.code !== 'ENOSPC') throw error;
      }
    }
  }

  const perform = {
    async killSupervisor({ upAfterMs, clients }) {
      killSupervisor();
      await pause(upAfterMs);
      await up(clients);
    },
    async stopSupervisor({ forMs }) {
      const fromMs = performance.now();
      await stopFor(supervisor(), forMs);
      seen.stops.push({ fromMs, untilMs: performance.now() + CATCHING_UP_MS });
    },
    async killWriter() {
      if (send(writer(), 'SIGKILL')) seen.writerKills++;
    },
    stopWriter: ({ forMs }) => stopFor(writer(), forMs),
    async killChild({ id, signal }) {
      if (send(mainOf(id), signal)) excuse(id);
    },
    stopChild: ({ id, forMs }) => stopFor(mainOf(id), forMs),
    async edit({ to, style }) {
      save(to, style);
    },
    async tornEdit({ to, seed, forMs }) {
      await replaceFor(
        forMs,
        () => scene.write(tornTextOf(to, chanceOf(seed)), 'inPlace'),
        () => false,
      );
      save(to, 'atomic');
    },
    async invalidEdit({ which, forMs }) {
      const is = () => existsSync(scene.file) && readFileSync(scene.file, 'utf8') === INVALID[which];
      await replaceFor(forMs, () => scene.write(INVALID[which], 'inPlace'), is);
    },
    async removeFile({ forMs }) {
      await replaceFor(
        forMs,
        () => rmSync(scene.file, { force: true }),
        () => !existsSync(scene.file),
      );
    },
    async gitSwitch({ to }) {
      for (const number of to) {
        note(number);
        await scene.git('checkout', '-qf', `c${number}`);
      }
    },
    async fillDisk({ forMs }) {
      if (!scene.isolated) return;
      fills++;
      attempt(fill);
      await pause(forMs);
      fills--;
      if (fills === 0) rmSync(join(scene.root, 'filler'), { force: true });
    },
    exhaustSupervisor: ({ forMs }) => exhaust(supervisor(), forMs),
    exhaustWriter: ({ forMs }) => exhaust(writer(), forMs),
    up: ({ clients }) => up(clients),
    async restart({ service }) {
      for (const id of idsOf(service)) excuse(id);
      await scene.orch('restart', service);
    },
    async stopAndStart({ service }) {
      for (const id of idsOf(service)) excuse(id);
      await scene.orch('stop', service);
      await scene.orch('start', service);
    },
    async recyclePid({ id }) {
      const victim = mainOf(id);
      if (!scene.isolated || !victim) return;
      killSupervisor();
      if (send(victim, 'SIGKILL')) excuse(id);
      for (let look = 0; look < 50 && isTaken(victim.pid); look++) await pause(10);
      await pause(25); // start times count in steps of 10 ms
      writeFileSync('/proc/sys/kernel/ns_last_pid', String(victim.pid - 1));
      const one = stranger(scene, ['sh', 'worker.sh']);
      toldOf(`  pid ${victim.pid} of ${id} ${one.pid === victim.pid ? 'recycled' : 'missed'}`);
      scene.strangers.push(one);
      await up(1);
    },
    async upgrade() {
      await scene.orch('upgrade');
    },
    async upElsewhere({ tag, environment }) {
      const named = environment === null ? [] : ['-e', environment];
      await up(1, () => scene.orchFrom(tag, ...named, 'up', '-d', '--switch'));
      excuse(OF_SHELL);
    },
    async killAndLeave() {
      killSupervisor();
    },
    async squat({ forMs }) {
      const mark = join(scene.records, `squats-${squatters++}`);
      const one = stranger(scene, ['node', 'squats.mjs', String(scene.port), mark]);
      for (let look = 0; look < 100 && !existsSync(mark); look++) {
        send(mainOf(LISTENING), 'SIGKILL');
        await pause(10);
      }
      const untilMs = performance.now() + forMs;
      // Whatever was ready before is gone by now.
      for (await pause(300); existsSync(mark) && performance.now() < untilMs; await pause(200)) {
        const { stdout } = await scene.orch('ps', '--json');
        const { services = [] } = stdout.startsWith('{') ? JSON.parse(stdout) : {};
        const state = services.flatMap(({ instances }) => instances).find(({ id }) => id === LISTENING)?.state;
        if (state === 'ready') violated('I19', `${LISTENING} is ready`, 'a stranger has its port');
      }
      if (!one.isUnharmed()) violated('I5', 'a stranger was harmed', `${one.what}, pid ${one.pid}`);
      one.end();
    },
    async switchLink({ to }) {
      save(to, 'link');
    },
    async neverReady({ forMs, to }) {
      save(NEVER_READY, 'atomic');
      await pause(forMs);
      save(to, 'atomic');
    },
  };

  /** In any configuration. */
  function idsOf(service) {
    return service === 'a' ? ['a.1', 'a.2', 'a.3'] : [`${service}.1`];
  }

  return {
    excuses,
    seen,
    save,
    up,
    supervisor,
    killSupervisor,
    perform: ({ name, ...parameters }) => perform[name](parameters),
    meaning: () => meaningOf(written),
  };
}
