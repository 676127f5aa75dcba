// Commands that change something, against a scripted supervisor: what they ask, print and exit with.
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WireError } from '../../src/api/protocol.ts';
import type { PlanChange } from '../../src/api/protocol-plan.ts';
import { type Answers, type FakeSupervisor, sampleStatus, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { type RunOptions, runCommand } from './run-command.ts';

let supervisor: FakeSupervisor;
const answers: Answers = {};
beforeEach(async () => {
  for (const method of Object.keys(answers)) delete answers[method as keyof Answers];
  supervisor = await startFakeSupervisor(answers);
});
afterEach(() => supervisor.close());

/** @param line without quotes */
const orch = (line: string, options: RunOptions = {}) =>
  runCommand(line.split(' '), { cwd: supervisor.paths.root, ...options });
const asked = () =>
  supervisor.requests.filter(({ method }) => method !== 'hello').map(({ method, params }) => ({ method, params }));
const refuse = (error: WireError) => () => {
  throw error;
};

describe('start, stop, restart', () => {
  test('print the instances that they changed', async () => {
    answers.stop = () => ({ instances: ['api.1', 'api.2'] });
    answers.restart = () => ({ instances: [] });
    answers.wait = () => ({ waitedMs: 1 });
    expect((await orch('stop api')).stdout).toBe('stopped api.1, api.2\n');
    expect((await orch('restart api')).stdout).toBe('nothing to restart\n');
    expect((await orch('stop api --json')).stdout).toBe('{"instances":["api.1","api.2"]}\n');
  });

  test('--wait waits until they are ready', async () => {
    answers.start = () => ({ instances: ['api.1'] });
    answers.wait = () => ({ waitedMs: 1 });
    await orch('start --wait --timeout 5s api');
    expect(asked()[1]).toEqual({ method: 'wait', params: { for: 'converged', names: ['api'], timeoutMs: 5000 } });
  });

  test('an unknown name is exit code 2, a conflict 4', async () => {
    answers.start = refuse({ code: 'not-found', message: 'no service "apu"', hint: 'did you mean "api"?' });
    expect(await orch('start apu')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: no service "apu"\nhint: did you mean "api"?\n',
    });
    answers.start = refuse({ code: 'conflict', message: 'bot.1 runs in another project' });
    expect((await orch('start bot')).code).toBe(4);
  });
});

test('an older supervisor does not know a command', async () => {
  answers.history = refuse({ code: 'usage', message: 'unknown method "history"' });
  expect(await orch('history')).toEqual({
    code: 1,
    stdout: '',
    stderr:
      'error: the running supervisor is of an older version, which cannot do this\n' +
      'hint: `orch upgrade` replaces it; services keep running\n',
  });
});

describe('down', () => {
  test('names what delays it, once per change, and prints what was stopped', async () => {
    answers.down = (_params, call) => {
      const holding = { remaining: 1, holdingUp: ['db.1 (pid 42), SIGKILL in 3 s'] };
      call.event({ remaining: 2, holdingUp: [] });
      call.event(holding);
      call.event(holding);
      setTimeout(call.hangUp, 20);
      return { stopped: 2, leftovers: [] };
    };
    expect(await orch('down')).toEqual({
      code: 0,
      stdout: 'everything is down (2 instances stopped)\n',
      stderr: 'stopping, 2 left\nwaiting for db.1 (pid 42), SIGKILL in 3 s\n',
    });
    expect(asked()).toEqual([{ method: 'down', params: { timeoutMs: null } }]);
  });

  test('names what could not be killed, exit code 1', async () => {
    answers.down = (_params, call) => {
      setTimeout(call.hangUp, 20);
      return { stopped: 2, leftovers: [{ pid: 42, instance: 'db.1' }] };
    };
    const { code, stderr } = await orch('down --timeout 0');
    expect([code, stderr.split('\n')[0]]).toEqual([1, 'error: still alive: db.1 (pid 42)']);
    expect(asked()[0]!.params).toEqual({ timeoutMs: 0 });
  });

  test('losing the supervisor meanwhile is not a success', async () => {
    answers.down = (_params, call) => {
      writeFileSync(supervisor.paths.stateFile, '{}'); // an orderly end removes it
      call.hangUp();
      return new Promise(() => undefined);
    };
    expect((await orch('down')).code).toBe(1);
  });
});

describe('scale', () => {
  test('--ephemeral requests an override, `file` removes it', async () => {
    answers.scale = ({ service, size }) => ({ service, size: size ?? 2 });
    expect((await orch('scale --ephemeral api=4 web=file')).stdout).toBe(
      'api: 4 (until `orch scale --ephemeral api=file`)\nweb: 2 (as the file says)\n',
    );
    expect(asked().map(({ params }) => params)).toEqual([
      { service: 'api', size: 4 },
      { service: 'web', size: null },
    ]);
  });

  test.each(['api', 'api=', 'api=-1', 'api=x', 'api=1.5', 'api.1=2', 'api=file'])('%s is bad usage', async (word) => {
    const { code, stderr } = await orch(`scale ${word}`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: expected NAME=N .*\nhint: `orch scale api=4`\n$/);
    expect(supervisor.requests).toEqual([]);
  });

  test('edits the file, keeps the rest of it, and applies it', async () => {
    const file = join(supervisor.paths.root, 'procs.yaml');
    await writeFile(file, 'services:\n  api: # the api\n    command: [a]\n    pool: 1 # one\n');
    answers.environment = () => ({ env: null, variables: {} });
    answers.status = () => sampleStatus({ services: [] });
    answers.apply = () => ({ generation: 2, status: 'applied', problems: [] });
    expect(await orch('scale api=3')).toEqual({ code: 0, stdout: 'api: 3\n', stderr: '' });
    expect(asked()).toContainEqual({ method: 'apply', params: { accepted: null, only: null, by: 'scale' } });
    expect(await readFile(file, 'utf8')).toBe('services:\n  api: # the api\n    command: [a]\n    pool: 3 # one\n');
    expect(await orch('scale aip=3')).toMatchObject({ code: 2, stderr: expect.stringContaining('"api"') });
  });
});

test('scale edits the overlay of the environment that runs', async () => {
  const file = (name: string) => join(supervisor.paths.root, name);
  await writeFile(file('procs.yaml'), 'services:\n  api: { command: [a], pool: 1 }\n');
  await writeFile(file('procs.prod.yaml'), 'services:\n  api: { pool: 4 }\n');
  answers.environment = () => ({ env: 'prod', variables: {} });
  answers.status = () => sampleStatus({ services: [] });
  answers.apply = () => ({ generation: 2, status: 'applied', problems: [] });
  await orch('scale api=3');
  expect(await readFile(file('procs.prod.yaml'), 'utf8')).toBe('services:\n  api: { pool: 3 }\n');
  expect(await readFile(file('procs.yaml'), 'utf8')).toContain('pool: 1');
});

describe('plan', () => {
  const file = () => join(supervisor.paths.root, 'procs.yaml');

  test('asks the supervisor about the loaded files; exit code 2 with changes, 0 without', async () => {
    await writeFile(file(), 'services: { api: { command: [a] } }\n');
    const change: PlanChange = {
      service: 'api',
      action: 'restart',
      instances: ['api.1'],
      class: 'restart',
      keys: [{ key: 'command', from: '["b"]', to: '["a"]' }],
      reason: 'command changed',
    };
    answers.plan = () => ({ changes: [change] });
    const changes = await orch('plan');
    expect(changes.code).toBe(2);
    expect(changes.stdout).toContain(
      '~ api  restart api.1: command changed\n      command: ["b"] → ["a"]  (procs.yaml:1)\n\n1 change: 1 restarts.\n',
    );
    answers.plan = () => ({ changes: [] });
    const nothing = await orch('plan --json');
    expect([nothing.code, JSON.parse(nothing.stdout)]).toMatchObject([
      0,
      { changes: [], from: { kind: 'running' }, to: { kind: 'files', file: 'procs.yaml' } },
    ]);
  });

  test('a configuration with problems is exit code 1: 2 would mean changes', async () => {
    await writeFile(file(), 'services: { api: { comand: [a] } }\n');
    const { code, stderr } = await orch('plan');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: procs\.yaml:1:20: unknown key "comand"/);
    expect(supervisor.requests).toEqual([]);
  });
});
