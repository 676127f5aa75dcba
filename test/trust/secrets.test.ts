// A secret of the environment is found nowhere but in the environment of its service: no file of ours, no answer, no message (I16).
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProject, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const canary = () => `s3cr3t-${randomBytes(9).toString('hex')}`;

/** Every regular file below `.orch`, whatever is in it. */
function filesOf(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesOf(path);
    return stat.isFile() ? [path] : [];
  });
}

async function everything(project: Project): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  const commands = [
    ['config'],
    ['config', '--explain'],
    ['plan'],
    ['ps', '--json'],
    ['events', '--json'],
    ['why', 'api', '--json'],
    ['validate'],
  ];
  for (const args of commands) {
    const { stdout, stderr } = await project.orch(args);
    seen.set(`orch ${args.join(' ')}`, stdout + stderr);
  }
  for (const path of filesOf(project.path('.orch'))) seen.set(path, readFileSync(path, 'latin1'));
  for (const { pid, command } of project.processes()) seen.set(`command line of pid ${pid}`, command);
  return seen;
}

test('a secret is found nowhere', async () => {
  const [inFile, inEnv, inEnvFile, next] = [canary(), canary(), canary(), canary()];
  const yaml = (password: string, extra = '') => `
env_files: [secrets.env]
services:
  api:
    command: [sleep, "1000"]
    env: { DB_PASSWORD: "${password}", API_TOKEN: "\${API_TOKEN}" }
  broken: { command: [no-such-program], env: { DB_PASSWORD: "${password}" }, restart: never }
${extra}`;
  const project = createProject(
    { 'procs.yaml': yaml(inFile), 'secrets.env': `SESSION_SECRET=${inEnvFile}\n` },
    { env: { API_TOKEN: inEnv } },
  );
  const secrets = [inFile, inEnv, inEnvFile, next];
  const expectNone = (seen: Map<string, string>): void => {
    for (const [where, text] of seen) for (const secret of secrets) expect(text.includes(secret), where).toBe(false);
  };
  await project.orch(['up', '-d', '--wait']);
  // It does reach the program.
  const { pid } = project.instances().find(({ instance }) => instance === 'api.1')!;
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
  for (const secret of [inFile, inEnv, inEnvFile]) expect(environment).toContain(secret);
  expectNone(await everything(project));
  // A change of it, and a mistake in the line where it stands.
  project.edit('procs.yaml', yaml(next));
  expectNone(await everything(project));
  await waitFor('applied', project.ps, (seen) => seen.generation >= 2);
  project.edit('procs.yaml', yaml(next, '  oops: { comand: x }\n'));
  await waitFor('rejected', project.ps, (seen) => seen.config.status === 'rejected');
  expectNone(await everything(project));
  await project.down();
  for (const path of filesOf(project.path('.orch'))) {
    for (const secret of secrets) expect(readFileSync(path, 'latin1').includes(secret), path).toBe(false);
  }
});
