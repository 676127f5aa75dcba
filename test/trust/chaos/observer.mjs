// Watches a round: reads /proc every few milliseconds, and compares how fast the supervisor answers with a control process
// that only answers. Believes nothing that orch says.
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DYING, NEVER, UNTOUCHED } from './configurations.mjs';
import { holdsLock, isMain, lockHoldersOf, processesOf, statOf } from './proc.mjs';

const LOOK_EVERY_MS = 25;
const ASK_EVERY_MS = 100;
const STATUS_EVERY_MS = 400;
const ANSWER_WITHIN_MS = 250;
const beganMs = performance.now();
const MAX_LATE_SHARE = 0.1;
const HANGS_MS = 3_000;

/** @param violated is called once for each kind and subject */
export function observe(scene, { violated, stops, controlPath }) {
  const lockFile = join(scene.root, '.orch/lock');
  const untouched = new Map();
  const latency = { orch: [], control: [] };
  let isOver = false;

  function look() {
    const all = processesOf(scene.mark);
    const mains = new Map();
    for (const one of all.filter(isMain)) {
      const other = mains.get(one.id);
      if (other && isSame(other) && isSame(one)) {
        violated('I1', `${one.id} lives twice`, `pids ${other.pid} and ${one.pid}`);
      }
      mains.set(one.id, one);
    }
    const holders = lockHoldersOf(scene.mark, scene.root);
    if (holders.length > 1 && holders.every(({ pid }) => holdsLock(pid, lockFile))) {
      violated('I13', 'two supervisors', holders.map(({ pid }) => pid).join(', '));
    }
    const rolled = ['r.1', 'r.2'].map((id) => mains.get(id)?.version);
    if (rolled.every((version) => version === NEVER))
      violated('I20', 'the whole of r runs a version that never gets ready', `pids ${mains.get('r.1').pid}`);
    for (const id of UNTOUCHED) {
      const known = untouched.get(id);
      if (!known) {
        if (mains.has(id)) untouched.set(id, mains.get(id));
      } else if (!isSame(known)) violated('I4', `${id} was ended`, `pid ${known.pid}`);
    }
  }

  const looking = (async () => {
    for (; !isOver; await pause(LOOK_EVERY_MS)) look();
  })();
  const asking = Promise.all([
    ask(join(scene.root, '.orch/run/orch.sock'), latency.orch, () => isOver),
    ask(controlPath, latency.control, () => isOver),
    watchStatus(
      join(scene.root, '.orch/run/orch.sock'),
      (status) => judgeReady(status, violated),
      () => isOver,
    ),
  ]);

  return {
    latency,
    async end() {
      isOver = true;
      await Promise.all([looking, asking]);
      judgeLatency(latency, stops, violated);
    },
  };
}

const isSame = ({ pid, startTime }) => statOf(pid)?.startTime === startTime;

/** Adds {atMs, tookMs} for every answer on a connection that stands. */
async function ask(path, samples, isOver) {
  while (!isOver()) {
    const socket = await open(path);
    if (socket) await converse(socket, samples, isOver);
    await pause(ASK_EVERY_MS);
  }
}

function open(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(null)); // no listener
  });
}

async function converse(socket, samples, isOver) {
  let heard = () => undefined;
  let isClosed = false;
  socket.on('data', () => heard());
  socket.once('close', () => {
    isClosed = true;
    heard();
  });
  for (let id = 1; !isClosed && !isOver(); id++) {
    const atMs = performance.now();
    const answer = new Promise((resolve) => {
      heard = resolve;
    });
    socket.write(`{"id":${id},"method":"hello","params":{}}\n`);
    await answer;
    if (!isClosed) samples.push({ atMs, tookMs: performance.now() - atMs });
    await pause(ASK_EVERY_MS);
  }
  socket.destroy();
}

/** I19: a program that ends soon after each start is never ready, and the project has not converged with it. */
function judgeReady({ converged, services }, violated) {
  const dying = services.flatMap(({ instances }) => instances).find(({ id }) => id === DYING);
  if (dying?.state === 'ready') violated('I19', `${DYING} is ready`, `pid ${dying.pid}`);
  if (dying && converged) violated('I19', 'the project has converged', `${DYING} is ${dying.state}`);
}

async function watchStatus(path, judge, isOver) {
  for (; !isOver(); await pause(STATUS_EVERY_MS)) {
    const status = await statusFrom(path);
    if (status) judge(status);
  }
}

/** @returns null: no supervisor answers */
function statusFrom(path) {
  return new Promise((resolve) => {
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(), HANGS_MS);
    let text = '';
    socket.on('connect', () => socket.write('{"id":1,"method":"status","params":{}}\n'));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text.endsWith('\n') ? (JSON.parse(text).result ?? null) : null);
    });
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) socket.destroy();
    });
  });
}

/**
 * The control process sets the limit: on a busy machine both wait. A process with work to do waits longer than an idle
 * one, so a few late answers are the machine's fault and many are ours.
 */
function judgeLatency({ orch, control }, stops, violated) {
  const wasStopped = ({ atMs, tookMs }) =>
    stops.some(({ fromMs, untilMs }) => atMs < untilMs && atMs + tookMs > fromMs);
  const asked = orch.filter((one) => !wasStopped(one));
  const late = asked.filter(({ atMs, tookMs }) => {
    const controls = control.filter((one) => one.atMs + one.tookMs > atMs - 1000 && one.atMs < atMs + tookMs + 1000);
    return tookMs > ANSWER_WITHIN_MS + 5 * Math.max(0, ...controls.map((one) => one.tookMs));
  });
  const worstMs = Math.max(0, ...late.map(({ tookMs }) => tookMs));
  const when = late.map(({ atMs, tookMs }) => `${tookMs | 0} ms from ${(atMs - beganMs) | 0} ms on`).join(', ');
  if (late.length > asked.length * MAX_LATE_SHARE || worstMs > HANGS_MS) {
    violated('I12', 'the API was slow', `${late.length} of ${asked.length} answers: ${when}`);
  }
}
