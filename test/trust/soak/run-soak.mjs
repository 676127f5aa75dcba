// A soak: 100 instances for a long time, one killed each second, an edit every few seconds, floods of lines, clients that
// come and go. Nothing may grow, no instance may be doubled or lost, and nothing may be left.
import { execFile, spawn } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isMain, isSupervisor, isWriter, processesOf, statOf } from '../chaos/proc.mjs';
import { instancesOf, isVictim, SAMPLES, textOf } from './project.mjs';
import { sampleOf } from './samples.mjs';
import { faultsOfLog, growthOf, JUDGED_FROM_MS } from './verdict.mjs';

const MAIN = process.env.ORCH_RIG_MAIN ?? fileURLToPath(new URL('../../../dist/orch.cjs', import.meta.url));
const KILL_MS = 1_000;
const EDIT_MS = 4_000;
const CLIENT_MS = 2_000;
const SAMPLE_MS = 5_000;
/** How long an instance may be away, or a removed one may stay, before it counts as lost; a busy machine included. */
const PATIENCE_MS = 20_000;
const COMMAND_MS = 60_000;

const ASKING = [['ps'], ['ps', '--json'], ['logs', '--tail', '20', 'sample'], ['why', 'pool.1'], ['events']];
const FOLLOWING = [
  ['logs', '-f', 'flood'],
  ['events', '-f'],
];

/**
 * @param {{durationMs: number, everyMs?: number, onReport?: (report) => void}} options `everyMs`: between two reports
 * @returns {Promise<{samples: Record<string, object[]>, violations: string[], counts: object}>}
 */
export async function runSoak({ durationMs, everyMs = 60_000, onReport = () => undefined }) {
  const directory = mkdtempSync(join(tmpdir(), 'soak-'));
  const soak = createSoak(directory);
  try {
    await soak.begin();
    await soak.play(durationMs, everyMs, onReport);
    await soak.end(durationMs);
  } catch (error) {
    soak.violated(`the soak broke: ${error.stack}`);
  } finally {
    for (const { pid, startTime } of processesOf(soak.mark)) {
      if (statOf(pid)?.startTime === startTime) process.kill(pid, 'SIGKILL');
    }
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
  const { samples, counts, violations } = soak;
  return { samples, counts, violations: [...violations] };
}

function createSoak(directory) {
  const mark = `soak-${process.pid}-${Date.now()}`;
  const root = join(directory, 'project');
  const records = join(directory, 'records');
  const env = {
    ...{ PATH: process.env.PATH, HOME: directory, CHAOS: mark, CHAOS_RECORDS: records },
    NODE_OPTIONS: `--require ${fileURLToPath(new URL('resources.cjs', import.meta.url))}`,
  };
  const violations = new Set();
  const violated = (what) => violations.add(what);
  const counts = { kills: 0, edits: 0, clients: 0, instances: 0 };
  const samples = { supervisor: [], 'log writer': [] };
  const watched = {};
  let seen = new Map();

  /** @returns {Promise<{code: number | null, output: string}>} */
  function orch(...args) {
    return new Promise((resolve) => {
      const options = { cwd: root, env, timeout: COMMAND_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 };
      execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ code, output: `${stdout}${stderr}` });
      });
    });
  }

  async function mustOrch(...args) {
    const { code, output } = await orch(...args);
    if (code !== 0) violated(`orch ${args.join(' ')} ends with ${code}: ${output.slice(0, 400)}`);
  }

  /** In turns as editors and as shells save. */
  function save(number) {
    const file = join(root, 'procs.yaml');
    const isRename = number % 2 === 0;
    writeFileSync(isRename ? `${file}.new` : file, textOf(number));
    if (isRename) renameSync(`${file}.new`, file);
  }

  async function begin() {
    for (const path of [root, records]) mkdirSync(path, { recursive: true });
    for (const name of ['worker.sh', 'sample.sh', 'flood.sh'])
      copyFileSync(fileURLToPath(new URL(name, import.meta.url)), join(root, name));
    save(0);
    await mustOrch('up', '-d', '--wait');
    const all = processesOf(mark);
    watched.supervisor = all.find(isSupervisor);
    watched['log writer'] = all.find(isWriter);
    for (const name of Object.keys(samples)) if (watched[name] === undefined) violated(`the ${name} does not run`);
  }

  /** What lives against what is declared. @returns the main processes */
  function look(nowMs) {
    const mains = processesOf(mark).filter(isMain);
    counts.instances = mains.length;
    const wanted = new Set(instancesOf(counts.edits));
    const living = new Map();
    for (const one of mains) {
      const other = living.get(one.id);
      if (other !== undefined && [one, other].every(isAlive)) violated(`two of ${one.id}: ${one.pid} and ${other.pid}`);
      living.set(one.id, one);
    }
    const wrong = [...wanted].filter((id) => !living.has(id)).map((id) => `${id} is lost`);
    wrong.push(...[...living.keys()].filter((id) => !wanted.has(id)).map((id) => `${id} is not stopped`));
    seen = new Map(wrong.map((what) => [what, seen.get(what) ?? nowMs]));
    for (const [what, sinceMs] of seen) if (nowMs - sinceMs > PATIENCE_MS) violated(what);
    return mains;
  }

  function kill(mains) {
    const victims = mains.filter(({ id }) => isVictim(id));
    const victim = victims[Math.floor(Math.random() * victims.length)];
    if (victim === undefined || !isAlive(victim)) return;
    process.kill(victim.pid, 'SIGKILL');
    counts.kills++;
  }

  /** Every fourth stays for a while and is then killed. */
  async function visit() {
    const number = counts.clients++;
    if (number % 4 !== 3) return mustOrch(...ASKING[number % ASKING.length]);
    const args = FOLLOWING[Math.floor(number / 4) % FOLLOWING.length];
    const follower = spawn(process.execPath, [MAIN, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'ignore'] });
    follower.stdout.resume();
    await pause(3_000);
    follower.kill('SIGKILL');
  }

  function sample() {
    for (const [name, taken] of Object.entries(samples)) {
      const process = watched[name];
      const values = process !== undefined && isAlive(process) ? sampleOf(process.pid, records) : null;
      if (values === null) violated(`the ${name} is another process`);
      else taken.push(values);
    }
  }

  async function play(durationMs, everyMs, onReport) {
    const beganMs = performance.now();
    const sampleMs = Math.min(SAMPLE_MS, durationMs / 20);
    const visits = new Set();
    const due = { kill: KILL_MS, edit: EDIT_MS, client: CLIENT_MS, sample: 0, report: everyMs };
    const isDue = (what, gapMs, atMs) => {
      if (atMs < due[what]) return false;
      due[what] = Math.max(due[what] + gapMs, atMs - gapMs);
      return true;
    };
    for (;;) {
      const atMs = performance.now() - beganMs;
      if (isDue('kill', KILL_MS, atMs)) kill(look(atMs));
      if (isDue('edit', EDIT_MS, atMs)) save(++counts.edits);
      if (isDue('client', CLIENT_MS, atMs)) visits.add(visit());
      if (isDue('sample', sampleMs, atMs)) sample();
      if (isDue('report', everyMs, atMs)) onReport({ atMs, counts, samples, violations: [...violations] });
      if (atMs >= durationMs) break;
      await pause(Math.max(5, Math.min(...Object.values(due)) - atMs));
    }
    await Promise.all(visits);
  }

  async function end(durationMs) {
    await mustOrch('wait', '--for', 'converged', '--timeout', '60s');
    const living = new Set(look(0).map(({ id }) => id));
    for (const id of instancesOf(counts.edits)) if (!living.has(id)) violated(`${id} is lost at the end`);
    await mustOrch('stop', SAMPLES[0].split('.')[0]);
    await mustOrch('down');
    for (const { pid, command } of processesOf(mark)) violated(`left after down: ${pid} ${command}`);
    for (const fault of faultsOfLog(root)) violated(fault);
    if (existsSync(join(records, 'overlaps')))
      violated(`two of one instance: ${readFileSync(join(records, 'overlaps'), 'utf8').trim()}`);
    if (
      /fault/.test(
        existsSync(join(root, '.orch/supervisor.log')) ? readFileSync(join(root, '.orch/supervisor.log'), 'utf8') : '',
      )
    )
      violated('the supervisor had a fault');
    if (durationMs < JUDGED_FROM_MS) return;
    for (const [name, taken] of Object.entries(samples)) for (const what of growthOf(name, taken)) violated(what);
  }

  return { mark, samples, counts, violations, violated, begin, play, end };
}

const isAlive = ({ pid, startTime }) => statOf(pid)?.startTime === startTime;
