// A procs.yaml that never ends, never answers or changes at random speed: no instance stops by mistake, the last content
// wins, and the supervisor always answers (I6, I12).
import { execFileSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { git as gitIn } from '../rig/git.ts';
import { createProject, incarnations } from '../rig/project.ts';
import { quantile, roundsOf, say } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';
import { slowness } from './slowness.ts';

const ANSWER_WITHIN_MS = 250;

test.for([
  ['/dev/zero', (path: string) => symlinkSync('/dev/zero', path)],
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a directory', (path: string) => execFileSync('mkdir', [path])],
] as const)('%s in the place of procs.yaml is refused, and instances keep running', async ([, put]) => {
  const yaml = 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n';
  const project = createProject({ 'procs.yaml': yaml });
  await project.up();
  const before = incarnations(project.instances());
  const file = project.path('procs.yaml');
  rmSync(file);
  put(file);
  await waitFor('it is rejected', project.ps, (seen) => seen.config.status === 'rejected', 20_000);
  expect((await project.orch(['validate'], { timeoutMs: 15_000 })).exitCode).not.toBe(0);
  expect(incarnations(project.instances())).toEqual(before);
  rmSync(file, { recursive: true });
  project.write('procs.yaml', yaml);
  await waitFor('it is applied', project.ps, (seen) => seen.config.status === 'applied', 20_000);
  expect(incarnations(project.instances())).toEqual(before);
  await project.down();
});

test('200 git switches between five configurations: the last one wins', { timeout: 600_000 }, async () => {
  const kept = 'services:\n  kept: { command: [sleep, "1000"], pool: 3 }\n';
  const project = createProject({ 'procs.yaml': kept });
  const git = (...args: string[]) => gitIn(project.root, ...args);
  git('init', '-q', '-b', 'c0');
  git('add', 'procs.yaml');
  git('commit', '-qm', 'c0');
  for (let n = 1; n < 5; n++) {
    git('switch', '-qc', `c${n}`);
    project.write('procs.yaml', `${kept}  extra${n}: { command: [sleep, "1000"], pool: ${n} }\n`);
    git('commit', '-qam', `c${n}`);
  }
  git('switch', '-q', 'c0');
  await project.up();
  const keptOnes = () => incarnations(project.instances().filter(({ instance }) => instance?.startsWith('kept.')));
  const before = keptOnes();
  const client = (await connect(projectPaths(project.root)))!;
  const latencyMs: number[] = [];
  const switches = roundsOf(200);
  let current = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const sinceMs = performance.now();
      await client.request('hello', {});
      latencyMs.push(performance.now() - sinceMs);
      await pause(10);
    }
  })();
  for (let n = 0; n < switches; n++) {
    current = (current + 1 + Math.floor(Math.random() * 4)) % 5;
    git('switch', '-q', `c${current}`);
    await pause(Math.random() * 60); // the pace is the fault that is injected here
  }
  isOver = true;
  await asking;
  client.close();
  const wanted = [
    'kept.1',
    'kept.2',
    'kept.3',
    ...Array.from({ length: current }, (_, i) => `extra${current}.${i + 1}`),
  ].sort();
  await waitFor(
    `c${current} runs`,
    () => Object.keys(incarnations(project.instances())).sort(),
    (seen) => JSON.stringify(seen) === JSON.stringify(wanted),
    20_000,
  );
  expect(keptOnes()).toEqual(before);
  say(
    `${switches} switches: API ${quantile(latencyMs, 0.5).toFixed(1)} ms (p50), ${Math.max(...latencyMs).toFixed(0)} ms (worst)`,
  );
  expect(Math.max(...latencyMs)).toBeLessThan(ANSWER_WITHIN_MS * (await slowness()));
  await project.down();
});
