// One round: a project, the faults of a seed, an end. Prints {seed, faults, lines, violations, story} as JSON.
// Runs in namespaces of its own where that is allowed (see main.mjs).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { meaningOf } from './configurations.mjs';
import { createFaults } from './faults.mjs';
import { observe } from './observer.mjs';
import { createScene } from './scene.mjs';
import { scheduleOf } from './schedule.mjs';
import { judgeDown, judgeEnd, judgeLog, judgeRecords, judgeRevival } from './verdict.mjs';

const { seed, faults: count, main, directory, isolated, keep } = JSON.parse(process.argv[2]);
const IDLE_NODE_MS = 60;
const MAX_KILLS = 2;
/** Of the shell of the last `up`. */
const LAST_TAG = 'last';

const startedMs = performance.now();
const story = [];
const violations = new Map();
const tell = (text) => story.push(`${(performance.now() - startedMs) | 0} ms ${text}`);
const violated = (invariant, what, detail) => {
  const key = `${invariant} ${what}`;
  if (violations.has(key)) return;
  tell(`VIOLATED ${key}: ${detail}`);
  violations.set(key, `${key}: ${detail}`);
};

const { first, last, after, respawns, steps } = scheduleOf(seed, count);
mkdirSync(directory, { recursive: true });
const scene = createScene({
  directory,
  main,
  mark: `c${seed}-${process.pid}`,
  isolated,
  first,
  port: await freePort(),
  respawns,
});
const faults = createFaults(scene, tell, violated);
const controlPath = join(directory, 'control.sock');
const control = spawn(process.execPath, [new URL('answers.mjs', import.meta.url).pathname, controlPath], {
  stdio: 'ignore',
});
const observer = observe(scene, { violated, controlPath, stops: faults.seen.stops });
let lines = 0;
try {
  await play();
} catch (error) {
  violated('rig', 'the round broke', error.stack);
}
await observer.end();
if (violations.size > 0) tell(`events:\n${eventsOf()}`);
control.kill('SIGKILL');
for (const one of scene.strangers) one.end();
if (!keep && !isolated) rmSync(directory, { recursive: true, force: true });
const worst = Math.max(0, ...observer.latency.orch.map(({ tookMs }) => tookMs)) | 0;
process.stdout.write(
  JSON.stringify({ seed, faults: steps.length, lines, worstMs: worst, violations: [...violations.values()], story }),
  () => process.exit(0),
);

async function play() {
  faults.save(first);
  const up = await scene.orch('up', '-d', '--wait');
  if (up.code !== (meaningOf(first).hasDying ? 1 : 0)) throw new Error(`the first up: ${up.code} ${up.output}`);
  const beganMs = performance.now();
  const performed = steps.map(async (step) => {
    await pause(Math.max(0, step.atMs - (performance.now() - beganMs)));
    tell(JSON.stringify(step));
    await faults.perform(step);
  });
  await Promise.all(performed);
  await settle();
  await afterKill();
  await observer.end();
  judgeRecords(scene, faults.excuses, violated);
  const slowness = await slownessNow();
  await judgeDown(scene, { violated, slowness });
  lines = judgeLog(scene, faults.seen.writerKills, violated);
}

/** The faults are over: what is declared last comes to be. */
async function settle() {
  tell(`last: configuration ${last}`);
  faults.save(last);
  const [up] = await faults.up(1, () => scene.orchFrom(LAST_TAG, 'up', '-d', '--switch'));
  if (up.code !== 0) violated('I7', 'up fails after the last fault', `${up.code} ${up.output}`);
  // A `start` that came while no supervisor ran was lost, and the `stop` before it holds.
  await scene.orch('start', 'k', 'b', 's', 'e', 'v', 'r', 'p');
  if (faults.meaning().pool > 0) await scene.orch('start', 'a');
  await judgeEnd(scene, last, { violated, slowness: await slownessNow(), tag: LAST_TAG });
}

/** Without a command: the supervisor comes back after a kill, and follows one more edit with the variables of the last `up`. */
async function afterKill() {
  if (violations.size > 0) return;
  // The delay doubles with each kill.
  if (respawns && faults.seen.supervisorKills <= MAX_KILLS)
    await judgeRevival(scene, faults, violated, await slownessNow());
  else if (!faults.supervisor()) return;
  tell(`without a command: configuration ${after}`);
  faults.save(after, 'link');
  await judgeEnd(scene, after, { violated, slowness: await slownessNow(), tag: LAST_TAG });
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The last words of orch, for the story only. */
function eventsOf() {
  const path = join(scene.root, '.orch/events.jsonl');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(-60) : [];
  return lines.map((line) => `    ${line.slice(11, 260)}`).join('\n');
}

/** At least 1: how much longer a bare Node takes now than on an idle machine. */
async function slownessNow() {
  const sinceMs = performance.now();
  // Without blocking: the observer measures meanwhile.
  for (let n = 0; n < 2; n++) await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return Math.max(1, (performance.now() - sinceMs) / 2 / IDLE_NODE_MS);
}
