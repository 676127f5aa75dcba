// The variables of the shell that called the last `up` stay in force for edits, `scale`, `upgrade` and the next supervisor,
// until another `up` replaces them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applied, converge } from '../rig/applied.ts';
import { createProject, type Project } from '../rig/project.ts';
import { supervisorsOf } from '../rig/supervisors.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';

const shell = (tag: string) => ({ env: { TAG: tag, FLAG: `flag of ${tag}` } });

const variableOf = (project: Project, id: string, name: string): string | null => {
  const process = project.instances().find(({ instance }) => instance === id)!;
  const entry = readFileSync(`/proc/${process.pid}/environ`, 'utf8')
    .split('\0')
    .find((one) => one.startsWith(`${name}=`));
  return entry === undefined ? null : entry.slice(name.length + 1);
};

/** `web` names the variable in the file; `plain` only inherits it. */
const TAGGED = `services:
  web: { command: [sleep, "1000"], env: { SEEN: "\${TAG:-none}" }, pool: 1 }
  plain: { command: [sleep, "1000"] }
`;

async function startedWith(...tags: string[]): Promise<Project> {
  const project = createProject({ 'procs.yaml': TAGGED });
  for (const tag of tags) await project.mustOrch(['up', '-d', '--wait'], shell(tag));
  return project;
}

test('an edit does not bring back the variables of an earlier up', async () => {
  const project = await startedWith('v1', 'v2');
  expect(variableOf(project, 'web.1', 'SEEN')).toBe('v2');
  await applied(project, () =>
    project.edit('procs.yaml', `${TAGGED}  other: { command: [sleep, "1000"], env: { SEEN: "\${TAG}" } }\n`),
  );
  await converge(project);
  expect(variableOf(project, 'web.1', 'SEEN')).toBe('v2');
  expect(variableOf(project, 'other.1', 'SEEN')).toBe('v2');
});

test('a comment edit restarts nothing after an up of another shell', async () => {
  const project = await startedWith('v1', 'v2');
  const before = project.instances().map(({ pid }) => pid);
  project.edit('procs.yaml', `# a comment\n${TAGGED}`);
  // The supervisor reads its files now, so that the edit is seen in any case.
  process.kill(supervisorsOf(project)[0]!.pid, 'SIGHUP');
  await project.mustOrch(['scale', 'plain=1'], shell('v3'));
  await converge(project);
  expect(project.instances().map(({ pid }) => pid)).toEqual(before);
  expect(variableOf(project, 'web.1', 'SEEN')).toBe('v2');
});

test('scale keeps the variables of the last up, whichever shell calls it', async () => {
  const project = await startedWith('v1', 'v2');
  await project.mustOrch(['scale', 'web=3'], shell('v3'));
  await converge(project);
  for (const id of ['web.1', 'web.2', 'web.3']) expect(variableOf(project, id, 'SEEN')).toBe('v2');
});

test('upgrade keeps the variables of the last up', async () => {
  const project = await startedWith('v1', 'v2');
  const before = project.instances().map(({ pid }) => pid);
  await project.mustOrch(['upgrade'], shell('v3'));
  await converge(project);
  expect(project.instances().map(({ pid }) => pid)).toEqual(before);
  await project.mustOrch(['scale', 'web=2', 'plain=2'], shell('v3'));
  await converge(project);
  expect(variableOf(project, 'web.2', 'SEEN')).toBe('v2');
  expect(variableOf(project, 'plain.2', 'FLAG')).toBe('flag of v2');
});

test('a supervisor that replaces one with a fault keeps the variables of the last up', async () => {
  const hook = join(temporaryDirectory('fault'), 'hook.cjs');
  writeFileSync(hook, "process.on('SIGUSR2', () => { throw new Error('a fault on request'); });\n");
  const project = createProject({ 'procs.yaml': TAGGED }, { env: { NODE_OPTIONS: `--require ${hook}` } });
  for (const tag of ['v1', 'v2']) await project.mustOrch(['up', '-d', '--wait'], shell(tag));
  const old = supervisorsOf(project)[0]!.pid;
  process.kill(old, 'SIGUSR2');
  await waitFor(
    'another supervisor answers',
    async () => (await project.orch(['ps', '--json'])).stdout,
    (seen) => seen.includes('"supervisor"') && JSON.parse(seen).supervisor.pid !== old,
  );
  await project.mustOrch(['scale', 'web=2', 'plain=2'], shell('v3'));
  await converge(project);
  expect(variableOf(project, 'web.1', 'SEEN')).toBe('v2');
  expect(variableOf(project, 'web.2', 'SEEN')).toBe('v2');
  expect(variableOf(project, 'plain.2', 'FLAG')).toBe('flag of v2');
});

test('inherited variables of a later up reach instances at their next start', async () => {
  const project = await startedWith('v1', 'v2');
  // Not named in the file: no reason to restart.
  expect(variableOf(project, 'plain.1', 'FLAG')).toBe('flag of v1');
  await project.mustOrch(['restart', 'plain'], shell('v3'));
  expect(variableOf(project, 'plain.1', 'FLAG')).toBe('flag of v2');
});

test('a killed supervisor leaves the variables to the next up', async () => {
  const project = await startedWith('v1', 'v2');
  process.kill(supervisorsOf(project)[0]!.pid, 'SIGKILL');
  await project.mustOrch(['up', '-d', '--wait'], shell('v3'));
  expect(variableOf(project, 'web.1', 'SEEN')).toBe('v3');
});

test('no variable of a shell is written to disk', async () => {
  const project = createProject({ 'procs.yaml': TAGGED });
  await project.mustOrch(['up', '-d', '--wait'], shell('v1-on-no-disk'));
  await project.mustOrch(['up', '-d', '--wait'], shell('v2-on-no-disk'));
  await project.mustOrch(['upgrade'], shell('v3-on-no-disk'));
  for (const name of ['state.json', 'events.jsonl', 'supervisor.log']) {
    if (project.exists(`.orch/${name}`)) expect(project.read(`.orch/${name}`)).not.toContain('on-no-disk');
  }
});
