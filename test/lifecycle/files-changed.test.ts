// Between the moment a command reads the files and the moment its configuration is applied, they may change.
import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/api/client.ts';
import { pathsOfFile } from '../../src/api/paths.ts';
import { createProject, type Project } from '../rig/project.ts';
import { supervisorsOf } from '../rig/supervisors.ts';
import { KEY } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const file = (version: string, policy = ''): string => `
services:
  web: { command: 'echo "$VERSION" >>started.txt; exec sleep 1000', env: { VERSION: "${version}" } }
${policy}`;
const MANUAL = 'policy: { apply: manual }\n';
const untilApplied = (project: Project, generation: number) =>
  waitFor(
    `generation ${generation} is applied`,
    project.ps,
    (status) => status.generation === generation && status.config.status === 'applied',
  );
/** That programs were started with, in order. */
const versionsOf = (project: Project): string[] => project.read('started.txt').trim().split('\n');

async function connectTo(project: Project): Promise<Client> {
  const client = (await connect(pathsOfFile(project.path('procs.yaml'), null)))!;
  onTestFinished(() => client.close());
  return client;
}

test('in a terminal, up asks again for the files as they are when the answer comes', async () => {
  const project = createProject({ 'procs.yaml': file('1', MANUAL) });
  await project.up();
  project.edit('procs.yaml', file('2', MANUAL));
  const terminal = project.terminal(['up', '-d']);
  await terminal.waitForText('VERSION: 1 → 2');
  await terminal.waitForText('Apply it? [y/N]');
  project.edit('procs.yaml', file('3', MANUAL));
  terminal.type(`y${KEY.enter}`);
  await terminal.waitForText('VERSION: 1 → 3');
  expect((await project.ps()).generation).toBe(1);
  await terminal.waitForText('Apply it? [y/N]');
  terminal.type(`y${KEY.enter}`);
  await untilApplied(project, 2);
  await project.mustOrch(['wait']);
  expect(versionsOf(project)).toEqual(['1', '3']);
  await project.down();
});

test('an up that has to wait for the supervisor applies what the files say by then', async () => {
  const named = (text: string): string => `# yaml-language-server: $schema=./.orch/procs.schema.json\n${text}`;
  const project = createProject({ 'procs.yaml': named(file('1')) });
  await project.up();
  const [supervisor] = supervisorsOf(project);
  process.kill(supervisor!.pid, 'SIGSTOP');
  // Missing until the files have been read.
  const schema = '.orch/procs.schema.json';
  rmSync(project.path(schema));
  project.edit('procs.yaml', named(file('2')));
  const up = project.mustOrch(['up', '-d', '--wait']);
  await waitFor('the files are read', () => project.exists(schema), Boolean);
  project.edit('procs.yaml', named(file('3')));
  process.kill(supervisor!.pid, 'SIGCONT');
  await up;
  expect(versionsOf(project)).toEqual(['1', '3']);
  expect((await project.ps()).generation).toBe(2);
  await project.down();
});

test('a configuration that was read in another directory, or before an edit, is refused', async () => {
  const project = createProject({ 'procs.yaml': file('1') });
  await project.up();
  const client = await connectTo(project);
  const { accepted } = await client.request('accepted', {});
  const config = { ...accepted.config, services: [] };
  const watched = accepted.watched.map((one) => ({ ...one, contentHash: 'of another content' }));
  for (const outdated of [
    { ...accepted, config: { ...config, root: '/releases/1' } },
    { ...accepted, config, watched },
  ]) {
    const refused = client.request('apply', { accepted: outdated, only: null });
    await expect(refused).rejects.toMatchObject({ wire: { code: 'files-changed' } });
  }
  expect((await project.ps()).generation).toBe(1);
  await project.down();
});

test('of two commands at the same time, the second needs consent to the environment that the first brings', async () => {
  const project = createProject({ 'procs.yaml': file('1') });
  await project.up();
  const client = await connectTo(project);
  const { accepted } = await client.request('accepted', {});
  const prod = { ...accepted, config: { ...accepted.config, env: 'prod' } };
  const [first, second] = await Promise.allSettled([
    client.request('apply', { accepted: prod, only: null }),
    client.request('apply', { accepted, only: null, keepsEnvironment: true }),
  ]);
  expect(first).toMatchObject({ status: 'fulfilled', value: { status: 'applied' } });
  expect(second).toMatchObject({ status: 'rejected', reason: { wire: { code: 'environment-differs' } } });
  expect((await project.ps()).env).toBe('prod');
  await project.down();
});
