// After the last fault: does everything come to what is declared, stay so, and end; and do the records of the workers agree
// with the log?
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { DYING, instancesOf, LISTENING, meaningOf, OF_SHELL } from './configurations.mjs';
import { isMain, processesOf, statOf } from './proc.mjs';

const SETTLE_MS = 1_500;
/** Design: 5 s and the longest back-off. */
const CONVERGE_MS = 5_500;
/** The grace period of the workers, and what design adds to it. */
const DOWN_MS = 1_000 + 2_000;
/** What a killed log writer may have had in its hands, in lines of the workers. */
const LINES_IN_HAND = (64 * 1024) / 60;

/** Two kills: 0.5 s, 1 s and 2 s, and the start. */
const REVIVAL_MS = 2_000 + 3_000;
const WAIT_MS = 15_000;

/** Without those that come and go. */
const mainsOf = (scene) => processesOf(scene.mark).filter((one) => isMain(one) && one.id !== DYING);
const nameOf = ({ id, pid, startTime }) => `${id}=${pid}@${startTime}`;

/** @param slowness how much longer things take now than they should */
export async function judgeEnd(scene, last, { violated, slowness, tag }) {
  const wanted = instancesOf(last);
  const isThere = () => {
    const mains = mainsOf(scene);
    const versionOf = (id) => (id === OF_SHELL ? tag : wanted.get(id));
    const right = mains.filter(({ id, version }) => wanted.has(id) && version === versionOf(id));
    return mains.length === wanted.size && new Set(right.map(({ id }) => id)).size === wanted.size;
  };
  const deadlineMs = performance.now() + CONVERGE_MS * slowness;
  while (!isThere() && performance.now() < deadlineMs) await pause(25);
  if (!isThere()) {
    const seen = mainsOf(scene).map(({ id, version }) => `${id}${version ? ` version ${version}` : ''}`);
    const { stdout } = await scene.orch('ps');
    return violated('I7', 'it does not converge', `wanted ${[...wanted.keys()]}, lives: ${seen}\n${stdout}`);
  }
  const before = mainsOf(scene).map(nameOf).sort().join(' ');
  await pause(SETTLE_MS);
  const after = mainsOf(scene).map(nameOf).sort().join(' ');
  if (before !== after) violated('I7', 'it keeps acting', `${before} became ${after}`);
  await judgeStatus(scene, violated);
  await judgeWait(scene, last, violated, slowness);
}

/** I19: success where all is up, a soon end with 1 where a program does not stay up. */
async function judgeWait(scene, last, violated, slowness) {
  const sinceMs = performance.now();
  const { code, output } = await scene.orch('wait', '--timeout', '60s');
  const expected = meaningOf(last).hasDying ? 1 : 0;
  const tookMs = performance.now() - sinceMs;
  if (code !== expected) violated('I19', `wait ended with ${code} instead of ${expected}`, output);
  if (tookMs > WAIT_MS * slowness) violated('I19', 'wait took too long', `${tookMs | 0} ms`);
}

/** The supervisor is killed where everything is quiet, and no person does anything. */
export async function judgeRevival(scene, faults, violated, slowness) {
  const before = mainsOf(scene).map(nameOf).sort().join(' ');
  const old = faults.supervisor();
  faults.killSupervisor();
  const isBack = () => {
    const now = faults.supervisor();
    return now !== undefined && now.pid !== old?.pid;
  };
  const deadlineMs = performance.now() + REVIVAL_MS * slowness;
  while (!isBack() && performance.now() < deadlineMs) await pause(25);
  if (!isBack()) return violated('I7', 'a killed supervisor does not come back', `${REVIVAL_MS * slowness} ms`);
  await pause(SETTLE_MS);
  const after = mainsOf(scene).map(nameOf).sort().join(' ');
  if (before !== after) violated('I4', 'a kill of the supervisor changed something', `${before} became ${after}`);
}

/** I3: what lives is what `ps` names, once each. */
async function judgeStatus(scene, violated) {
  const { stdout, code } = await scene.orch('ps', '--json');
  if (code !== 0) return violated('I3', 'ps fails', stdout);
  const instances = JSON.parse(stdout).services.flatMap((service) => service.instances);
  const told = instances.filter(({ id, pid }) => pid !== null && id !== DYING);
  const named = told
    .map(({ id, pid }) => `${id}=${pid}`)
    .sort()
    .join(' ');
  const living = mainsOf(scene)
    .map(({ id, pid }) => `${id}=${pid}`)
    .sort()
    .join(' ');
  if (named !== living) violated('I3', 'ps is wrong', `it says ${named}, there is ${living}`);
}

export async function judgeDown(scene, { violated, slowness }) {
  const sinceMs = performance.now();
  const { code, output } = await scene.orch('down');
  const tookMs = performance.now() - sinceMs;
  if (code !== 0) violated('I9', `down ended with ${code}`, output);
  if (tookMs > DOWN_MS * slowness)
    violated('I9', 'down took too long', `${tookMs | 0} ms, slowness ${slowness.toFixed(1)}`);
  const left = processesOf(scene.mark).filter(({ pid, startTime }) => statOf(pid)?.startTime === startTime);
  if (left.length > 0)
    violated('I9', 'not everything is down', left.map(({ pid, command }) => `${pid} ${command}`).join(', '));
}

/** By what the workers wrote down themselves. */
export function judgeRecords(scene, excuses, violated) {
  for (const line of recordsOf(scene, 'overlaps')) violated('I2', 'two of one instance', line);
  const starts = new Map();
  for (const line of recordsOf(scene, 'starts')) {
    const [id] = line.split(' ');
    starts.set(id, (starts.get(id) ?? 0) + 1);
  }
  for (const [id, count] of starts) {
    if (id === DYING || id === LISTENING) continue; // they fail by themselves
    const allowed = 1 + (excuses.get(id) ?? 0);
    if (count > allowed) violated('I8', `${id} was started too often`, `${count} times, ${allowed} are explained`);
  }
  for (const { what, pid, isUnharmed } of scene.strangers) {
    if (!isUnharmed()) violated('I5', 'a stranger was harmed', `${what}, pid ${pid}`);
  }
  const log = join(scene.root, '.orch/supervisor.log');
  const fault = existsSync(log) ? /^.*the supervisor has a fault.*(\n.*){0,6}/m.exec(readFileSync(log, 'utf8')) : null;
  if (fault) violated('fault', 'the supervisor had a fault', fault[0]);
}

/** I10: what a worker printed is in the log once, in order; a killed log writer may have lost what it had in its hands. */
export function judgeLog(scene, writerKills, violated) {
  const lines = linesOf(scene.root);
  const torn = lines.find((line) => !/^\S+ \S+ [oe] /.test(line));
  if (torn !== undefined) violated('I10', 'a torn line', torn);
  const printed = new Map();
  for (const line of lines) {
    const [, , stream, token, number] = line.split(' ');
    if (stream !== 'o' || !/^\d+$/.test(number ?? '')) continue;
    if (!printed.has(token)) printed.set(token, []);
    printed.get(token).push(Number(number));
  }
  const mayLack = writerKills * LINES_IN_HAND;
  for (const line of recordsOf(scene, 'starts')) {
    const [id, token] = line.split(' ');
    judgeStream({ id, token, numbers: printed.get(token) ?? [], recorded: lastOf(scene, token), mayLack }, violated);
  }
  return lines.length;
}

function judgeStream({ id, token, numbers, recorded, mayLack }, violated) {
  const top = Math.max(recorded ?? 0, numbers.at(-1) ?? 0);
  const isRising = numbers.every((number, index) => index === 0 || number > numbers[index - 1]);
  if (!isRising)
    violated('I10', `lines of ${id} twice or out of order`, `${token}: ${numbers.join(' ').slice(0, 300)}`);
  else if (top - numbers.length > mayLack) {
    violated('I10', `lines of ${id} are lost`, `${token}: ${top} printed, stored: ${numbers.join(' ').slice(0, 300)}`);
  }
}

/** The number that the worker wrote down last; null: it was ended while it did. */
function lastOf({ records }, token) {
  const path = join(records, `last-${token}`);
  return existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) || null : null;
}

/** Rotated files are named by the time of their end. */
function linesOf(root) {
  const files = readdirSync(root).filter((name) => /^out\.log(\.\d{8}T\d+Z(\.gz)?)?$/.test(name));
  // A compression that was interrupted leaves both; the plain one counts.
  const dated = files.filter((name) => name !== 'out.log' && !isDouble(name, files)).sort();
  return [...dated, ...files.filter((name) => name === 'out.log')].flatMap((name) => {
    const bytes = readFileSync(join(root, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').split('\n').filter(Boolean);
  });
}

function isDouble(name, files) {
  return name.endsWith('.gz') && files.includes(name.slice(0, -'.gz'.length));
}

function recordsOf({ records }, name) {
  const path = join(records, name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}
