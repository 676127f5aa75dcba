// The log writer killed or stopped: producers only wait, a new one comes by itself (I10).
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { killByIdentity } from '../rig/processes.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { logWritersOf, mainsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const FILES = {
  'procs.yaml': `
log_queues: { default: { path: out.log, format: raw, rotate: { size: 1GiB } } }
services: { n: { command: [sh, numbers.sh] } }
`,
  'numbers.sh': 'n=0\nwhile :; do n=$((n+1)); echo "$n"; sleep 0.02; done\n',
};
const numbers = (project: Project) => linesOf(project.path('out.log')).map(Number);
const goesOn = async (project: Project): Promise<void> => {
  const at = numbers(project).length;
  await waitFor(
    'lines arrive',
    () => numbers(project).length,
    (seen) => seen > at + 20,
    20_000,
  );
};

test('a log writer that is killed repeatedly restarts, repeats no line and disturbs no instance', async () => {
  const project = createProject(FILES);
  await project.up();
  const before = incarnations(mainsOf(project));
  for (let round = 0; round < 4; round++) {
    await goesOn(project);
    const [writer] = logWritersOf(project);
    killByIdentity(writer!);
    await waitFor(
      'another writer',
      () => logWritersOf(project),
      (seen) => seen.length === 1 && seen[0]!.pid !== writer!.pid,
    );
  }
  await goesOn(project);
  expect(incarnations(mainsOf(project))).toEqual(before);
  await project.down();
  const seen = numbers(project);
  expect(new Set(seen).size).toBe(seen.length);
  // At most the one chunk that each writer had read and not yet written; here that is a few lines.
  expect(seen.at(-1)! - seen.length).toBeLessThan(40);
});

test('a stopped log writer loses nothing, and the supervisor still answers', async () => {
  const project = createProject(FILES);
  await project.up();
  await goesOn(project);
  const [writer] = logWritersOf(project);
  process.kill(writer!.pid, 'SIGSTOP');
  try {
    for (let n = 0; n < 3; n++) expect((await project.ps()).services[0]!.running).toBe(1);
    await project.mustOrch(['restart', 'n']);
  } finally {
    process.kill(writer!.pid, 'SIGCONT');
  }
  await goesOn(project);
  await project.down();
  // Two incarnations, each from 1 without a gap.
  const seen = numbers(project);
  const second = seen.lastIndexOf(1);
  expect(seen.slice(0, second)).toEqual(Array.from({ length: second }, (_, index) => index + 1));
  expect(seen.slice(second)).toEqual(Array.from({ length: seen.length - second }, (_, index) => index + 1));
});

test('the last lines of an instance are kept when it ends between two supervisors', async () => {
  const project = createProject({
    'procs.yaml': 'services: { a: { command: [sh, records.sh] } }\n',
    'records.sh': 'n=0\nwhile :; do n=$((n+1)); echo "$$ $n."; echo "$$ $n." >> printed; sleep 0.02; done\n',
  });
  const printed = () => readFileSync(join(project.root, 'printed'), 'utf8').trim().split('\n');
  const logged = async () => (await project.orch(['logs'])).stdout;
  await project.mustOrch(['up', '-d']);
  await waitFor('it prints', logged, (log) => log.includes(' 5.'));
  const { supervisor, services } = await project.ps();
  const client = (await connect(projectPaths(project.root)))!;
  await client.request('handOver', {});
  await client.closed;
  await waitFor(
    'it has left',
    () => existsSync(`/proc/${supervisor.pid}`),
    (isThere) => !isThere,
  );
  const before = printed().length;
  await waitFor('it prints on', printed, (lines) => lines.length > before + 5);
  process.kill(-services[0]!.instances[0]!.pid!, 'SIGKILL');
  const last = printed().at(-1)!;
  await project.mustOrch(['up', '-d', '--wait']);
  await waitFor('its last line is stored', logged, (log) => log.includes(last));
});

test('the next supervisor finds a log writer whose socket was deleted, and new instances are logged', async () => {
  const project = createProject({
    'procs.yaml': "services:\n  a: { command: 'while :; do echo from $ORCH_INSTANCE_ID; sleep 0.05; done' }\n",
  });
  await project.up();
  const [writer] = logWritersOf(project);
  const logged = (id: string) => project.read('.orch/logs/default.log').split(`from ${id}\n`).length - 1;
  rmSync(projectPaths(project.root).logSocket);
  await project.mustOrch(['upgrade']);
  await project.mustOrch(['scale', '--ephemeral', 'a=2']);
  await waitFor(
    'both are logged',
    () => [logged('a.1'), logged('a.2')],
    ([one, two]) => one! > 3 && two! > 3,
    15_000,
  );
  expect(logWritersOf(project).map(({ pid }) => pid)).toEqual([writer!.pid]);
  await project.down();
});
