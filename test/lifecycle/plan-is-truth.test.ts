// I18 with real processes: random edits do what their plans have said, by the events; and to plan spawns, signals and writes
// nothing. 1,000 pairs against the kernel alone: test/plan/plan-is-truth.test.ts.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlanReport } from '../../src/plan/plan-report.ts';
import { eventOutcomes, outcomesOf, waitingIn } from '../plan/outcomes.ts';
import { type RandomService, randomProjects, textOf } from '../plan/random-files.ts';
import { applied } from '../rig/applied.ts';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const EDITS = 5;
/** A supervisor may save its state a moment late: one quiet round is enough, as a plan that writes has none. */
const ROUNDS = 3;
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

const command = ({ kind, version }: RandomService): string[] =>
  kind === 'task' ? ['sh', '-c', `true v${version}`] : ['sleep', String(1_000 + version)];

const text = (project: Parameters<typeof textOf>[0]): string =>
  JSON.stringify({ ...JSON.parse(textOf(project, command)), defaults: { ready_after: '20ms' } });

test(`${EDITS} random edits do what their plans say (SEED=${SEED})`, async () => {
  const [first, ...edits] = fc.sample(randomProjects(), { numRuns: EDITS + 1, seed: SEED }).map(text);
  const project = createProject({ 'procs.yaml': first! }, { readyAfter: true });
  await project.mustOrch(['up', '-d']);
  await settled(project);
  let happened = 0;
  for (const edit of edits) {
    project.write('next.yaml', edit);
    const { plan, stdout } = await planQuietly(project);
    const running = new Set(
      (await project.ps()).services.flatMap(({ instances }) => instances.flatMap(({ id, pid }) => (pid ? [id] : []))),
    );
    const waiting = waitingIn(plan);
    const expected = [...outcomesOf(plan.changes, (id) => running.has(id))].filter(([id]) => !waiting.has(id)).sort();
    const before = (await project.events()).length;
    const save = () => project.edit('procs.yaml', edit);
    if (plan.changes.length > 0) await applied(project, save);
    else save();
    const outcomes = async () => [...eventOutcomes((await project.events()).slice(before))].sort();
    await waitFor(
      `the events show ${JSON.stringify(expected)} of ${stdout}`,
      outcomes,
      (seen) => JSON.stringify(seen) === JSON.stringify(expected),
      20_000,
    );
    await settled(project);
    expect(await outcomes()).toEqual(expected);
    happened += expected.length;
  }
  expect(happened).toBeGreaterThan(0);
});

async function planQuietly(project: Project): Promise<{ plan: PlanReport; stdout: string }> {
  for (let round = 1; ; round++) {
    const before = stateOf(project);
    const { stdout, stderr } = await project.orch(['plan', '-f', 'next.yaml', '--json']);
    const after = stateOf(project);
    if (JSON.stringify(after) !== JSON.stringify(before) && round < ROUNDS) continue;
    expect(after, stderr).toEqual(before);
    return { plan: JSON.parse(stdout) as PlanReport, stdout };
  }
}

/** Every process of the project, and every file below it with its content and times. */
function stateOf(project: Project): { processes: string[]; files: string[] } {
  const processes = project.processes().map(({ pid, startTime }) => `${pid} ${startTime}`);
  const files = readdirSync(project.root, { recursive: true, encoding: 'utf8' }).map((name) => {
    const path = join(project.root, name);
    const { size, mtimeMs, ctimeMs, ino } = statSync(path);
    const content = statSync(path).isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    return `${name} ${size} ${mtimeMs} ${ctimeMs} ${ino} ${content}`;
  });
  return { processes: processes.sort(), files: files.sort() };
}

/** Nothing moves by itself any more. */
const settled = (project: Project) =>
  waitFor(
    'nothing moves',
    async () =>
      (await project.ps()).services.flatMap(({ instances }) => instances.map(({ id, state }) => `${id} ${state}`)),
    (seen) => !seen.some((one) => /(starting|running|stopping|backoff)$/.test(one)),
    20_000,
  );
