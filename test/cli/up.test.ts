// `orch up -d` where a supervisor runs already, or is on its way out: against a scripted one.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceStatus } from '../../src/api/protocol.ts';
import { type Answers, type FakeSupervisor, sampleStatus, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { runCommand } from './run-command.ts';

let supervisor: FakeSupervisor;
const answers: Answers = {};
beforeEach(async () => {
  supervisor = await startFakeSupervisor(answers);
  answers.apply = () => ({ generation: 2, status: 'applied', problems: [] });
  answers.status = () => sampleStatus();
  answers.wait = () => ({ waitedMs: 12 });
  await write('services:\n  api: { command: [a] }\n  db: { command: [b] }\n');
});
afterEach(() => supervisor.close());

const write = (text: string) => writeFile(join(supervisor.paths.root, 'procs.yaml'), text);
const orch = (line: string) => runCommand(line.split(' '), { cwd: supervisor.paths.root });
const asked = (method: string) => supervisor.requests.filter((request) => request.method === method);

test('up applies the files, and waits only if requested', async () => {
  expect(await orch('up -d')).toEqual({
    code: 0,
    stdout: 'fake: applied (2 services, supervisor pid 4194305)\n',
    stderr: '',
  });
  const { params } = asked('apply')[0]!;
  expect(params).toMatchObject({ only: [], accepted: { config: { services: [{ name: 'api' }, { name: 'db' }] } } });
  expect(asked('wait')).toEqual([]);
  expect((await orch('up --wait --timeout 3s api')).stdout).toContain('converged after 12 ms');
  expect(asked('apply')[1]!.params).toMatchObject({ only: ['api'] });
  expect(asked('wait')[0]!.params).toEqual({ for: 'converged', names: ['api'], timeoutMs: 3000 });
});

test('up names what is kept stopped', async () => {
  const [api, db] = sampleStatus().services as [ServiceStatus, ServiceStatus];
  answers.status = () => sampleStatus({ services: [api, { ...db, override: { stopped: true } }] });
  expect((await orch('up -d')).stdout).toContain('kept stopped: db (`orch start db` undoes it)\n');
});

test('--json is one object', async () => {
  expect(JSON.parse((await orch('up -d --json')).stdout)).toEqual({
    project: 'fake',
    started: false,
    services: 2,
    supervisor: { pid: 4_194_305 },
  });
});

test('a bad file changes nothing: exit code 2, the supervisor gets no request', async () => {
  await write('services:\n  api: { comand: [a] }\n');
  const { code, stderr } = await orch('up -d');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: procs\.yaml:2:10: unknown key "comand"[\s\S]*\nServices keep running\.\n$/);
  expect(supervisor.requests).toEqual([]);
});

test('an unknown service is reported with the nearest name', async () => {
  expect(await orch('up -d apii')).toMatchObject({
    code: 2,
    stderr: 'error: no service "apii" in procs.yaml\nhint: did you mean "api"?\n',
  });
});

test('a condition that cannot come true is exit code 1', async () => {
  answers.wait = () => {
    throw { code: 'failed', message: 'cannot converge: api.1 is failed' };
  };
  expect(await orch('up -d --wait')).toMatchObject({ code: 1, stdout: '' });
});

test('up waits for a project that is going down, then tries again', async () => {
  let round = 0;
  answers.apply = (_params, call) => {
    round++;
    if (round > 1) return { generation: 1, status: 'applied', problems: [] };
    setTimeout(call.hangUp, 30);
    throw { code: 'going-down', message: 'the project is going down' };
  };
  expect(await orch('up -d')).toMatchObject({
    code: 0,
    stderr: 'The project is going down; waiting until it has stopped.\n',
  });
  expect(round).toBe(2);
});
