// Commands against a scripted supervisor: what they ask, print and exit with.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventRecord, PlanChange, WireError } from '../../src/api/protocol.ts';
import { formatStatus } from '../../src/cli/ps.ts';
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
const asked = () => supervisor.requests.map(({ method, params }) => ({ method, params }));
const refuse = (error: WireError) => () => {
  throw error;
};

describe('without a supervisor', () => {
  let empty: string;
  beforeEach(async () => {
    empty = await mkdtemp(join(tmpdir(), 'orch-none-'));
  });
  afterEach(() => rm(empty, { recursive: true, force: true }));

  test.each(['ps', 'events', 'why a', 'start a', 'stop a', 'restart a', 'wait', 'attach', 'scale --ephemeral a=1'])(
    '%s exits with 3 and says how to start one',
    async (line) => {
      const { code, stdout, stderr } = await orch(line, { cwd: empty });
      expect(code).toBe(3);
      expect(stdout).toBe('');
      expect(stderr).toBe(
        `error: no supervisor runs for ${empty}\nhint: start it with \`orch up\`, or name another project with \`-f\`\n`,
      );
    },
  );

  test('--json has the error on stdout too', async () => {
    const { stdout } = await orch('ps --json', { cwd: empty });
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'no-supervisor', message: expect.any(String), hint: expect.any(String) },
    });
  });

  test('down is done: scripts may call it twice', async () => {
    expect(await orch('down', { cwd: empty })).toEqual({ code: 0, stdout: 'nothing is running\n', stderr: '' });
    expect((await orch('down --json', { cwd: empty })).stdout).toBe('{"stopped":0,"leftovers":[]}\n');
  });

  test('a project is found from a directory below it, and by -f from anywhere', async () => {
    await writeFile(join(empty, 'procs.yaml'), '');
    const below = await mkdtemp(join(empty, 'below-'));
    expect((await orch('ps', { cwd: below })).stderr).toContain(`for ${empty}\n`);
    expect((await orch(`ps -f ${empty}/procs.yaml`, { cwd: '/' })).stderr).toContain(`for ${empty}\n`);
    expect((await orch('ps -f nowhere/procs.yaml', { cwd: empty })).code).toBe(3);
  });
});

describe('ps', () => {
  test('--json is the status as it came', async () => {
    const status = sampleStatus();
    answers.status = () => status;
    expect(JSON.parse((await orch('ps --json')).stdout)).toEqual(status);
  });

  test('finds the project by its state directory when the file was deleted', async () => {
    answers.status = () => sampleStatus();
    expect((await orch('ps')).code).toBe(0);
  });

  test('groups pools and gives reasons', () => {
    const status = sampleStatus();
    const nowMs = Date.parse(status.supervisor.startedAt) + 65_000;
    const format = { nowMs, wide: true, widthColumns: null, colour: false };
    expect(formatStatus(status, format).replace(`pid ${process.pid}`, 'pid 77')).toMatchInlineSnapshot(`
      "NAME       STATE       PID  UPTIME  RESTARTS    CPU       MEM  REASON
      api        2/2 ready                       3  0.5 %  82.4 MiB
        api.1    ready      4242  1m 05s         0  0.3 %  41.2 MiB
        api.2    ready      4243  1m 05s         3  0.3 %  41.2 MiB  adopted
      db.1       backoff                         0                   exited with code 1; restarts in 2 s
      migrate.1  completed                       0

      LOG QUEUE  PATH                    DEPTH     HIGH  CAPACITY  LINES     BYTES  DROPPED  OVERFLOW
      default    .orch/logs/default.log    0 B  4.0 KiB   8.0 MiB    120  11.7 KiB        0  block

      shop · generation 1 · converged · supervisor pid 77, up 1m 05s · 0.0 % CPU, 47.7 MiB"
    `);
  });

  test('a rejected file comes first, with its position', async () => {
    const problem = { file: 'procs.yaml', line: 3, column: 5, code: 'unknown-key', message: 'unknown key "poool"' };
    const problems = [{ ...problem, severity: 'error' as const, hint: null, excerpt: null }];
    answers.status = () => sampleStatus({ config: { files: ['procs.yaml'], status: 'rejected', problems } });
    expect((await orch('ps')).stdout.split('\n').slice(0, 2)).toEqual([
      'The file on disk is rejected; what runs is the last good configuration:',
      '  procs.yaml:3:5: unknown key "poool"',
    ]);
  });

  test('no services, no table', async () => {
    answers.status = () => sampleStatus({ services: [] });
    expect((await orch('ps')).stdout).toBe('No services are declared.\n');
  });

  test('a narrow terminal cuts, a pipe never does; colours only where they are wanted', async () => {
    answers.status = () => sampleStatus();
    const narrow = (await orch('ps', { columns: 50 })).stdout;
    for (const line of narrow.replace(/\x1b\[\d+m/g, '').split('\n')) expect(line.length).toBeLessThanOrEqual(50);
    expect(narrow).toContain('\x1b[32m');
    expect((await orch('ps')).stdout).toContain('exited with code 1; restarts in 2 s');
    for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { FORCE_COLOR: '0' }]) {
      expect((await orch('ps', { columns: 80, environment })).stdout).not.toContain('\x1b');
    }
    expect((await orch('ps --no-color', { columns: 80 })).stdout).not.toContain('\x1b');
    expect((await orch('ps', { environment: { FORCE_COLOR: '1' } })).stdout).toContain('\x1b[32m');
  });
});

test('events: one line each; with --json one object each', async () => {
  const record: EventRecord = {
    seq: 1,
    time: new Date(2026, 0, 31, 12, 0, 1, 250).toISOString(),
    type: 'exited',
    service: 'api',
    instance: 'api.1',
    message: 'api.1 ended with exit code 1\x1b[2J',
    details: {},
  };
  answers.events = (_params, call) => {
    call.event(record);
    call.event({ ...record, seq: 2 });
    return {};
  };
  const text = (await orch('events -n 20')).stdout;
  expect(text.split('\n')[0]).toBe('2026-01-31 12:00:01.250  exited          api.1 ended with exit code 1\\x1b[2J');
  expect(asked()).toEqual([{ method: 'events', params: { follow: false, limit: 20 } }]);
  const json = (await orch('events --json')).stdout.trim().split('\n');
  expect(json.map((line) => JSON.parse(line).seq)).toEqual([1, 2]);
});

test('why: the causes in order, then what helps', async () => {
  answers.why = ({ name }) => ({
    explanations: [
      { id: `${name}.1`, state: 'waiting', causes: ['it waits for db', 'db.1 has failed'], unblock: 'fix db' },
    ],
  });
  expect((await orch('why api')).stdout).toBe(
    'api.1 is waiting\n  because: it waits for db\n    since: db.1 has failed\n  to unblock: fix db\n',
  );
  expect(JSON.parse((await orch('why api web --json')).stdout).explanations).toHaveLength(2);
});

describe('wait', () => {
  test('asks for converged by default and passes names and timeout on', async () => {
    answers.wait = () => ({ waitedMs: 1234 });
    expect(await orch('wait')).toEqual({ code: 0, stdout: 'everything is converged (waited 1.2 s)\n', stderr: '' });
    await orch('wait --for ready --timeout 2s api db');
    expect(asked()).toEqual([
      { method: 'wait', params: { for: 'converged', names: [], timeoutMs: null } },
      { method: 'wait', params: { for: 'ready', names: ['api', 'db'], timeoutMs: 2000 } },
    ]);
  });

  test.each(['timeout', 'failed'])('%s is exit code 1', async (code) => {
    answers.wait = refuse({ code, message: 'not ready in time: db.1 is starting' });
    expect(await orch('wait')).toEqual({ code: 1, stdout: '', stderr: 'error: not ready in time: db.1 is starting\n' });
  });

  test('a supervisor that goes away is exit code 1 too', async () => {
    answers.wait = (_params, call) => {
      call.hangUp();
      return new Promise(() => undefined);
    };
    expect(await orch('wait')).toMatchObject({ code: 1, stderr: 'error: the supervisor closed the connection\n' });
  });
});

describe('start, stop, restart', () => {
  test('say whom they touched', async () => {
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
    expect(asked()[1]).toEqual({ method: 'wait', params: { for: 'ready', names: ['api'], timeoutMs: 5000 } });
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

describe('down', () => {
  test('says who holds it up, once per change, and what was stopped', async () => {
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

  test('what could not be ended is named, exit code 1', async () => {
    answers.down = (_params, call) => {
      setTimeout(call.hangUp, 20);
      return { stopped: 2, leftovers: [{ pid: 42, instance: 'db.1' }] };
    };
    const { code, stderr } = await orch('down --timeout 0');
    expect([code, stderr.split('\n')[0]]).toEqual([1, 'error: still alive: db.1 (pid 42)']);
    expect(asked()[0]!.params).toEqual({ timeoutMs: 0 });
  });

  test('losing the supervisor on the way is no success', async () => {
    answers.down = (_params, call) => {
      call.hangUp();
      return new Promise(() => undefined);
    };
    expect((await orch('down')).code).toBe(1);
  });
});

describe('scale', () => {
  test('--ephemeral asks for an override, `file` takes it back', async () => {
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

  test('edits the file, keeps the rest of it, and has it applied', async () => {
    const file = join(supervisor.paths.root, 'procs.yaml');
    await writeFile(file, 'services:\n  api: # the api\n    command: [a]\n    pool: 1 # one\n');
    answers.apply = () => ({ generation: 2, status: 'applied', problems: [] });
    expect(await orch('scale api=3')).toEqual({ code: 0, stdout: 'api: 3\n', stderr: '' });
    expect(asked()).toEqual([{ method: 'apply', params: { accepted: null, only: null } }]);
    expect(await readFile(file, 'utf8')).toBe('services:\n  api: # the api\n    command: [a]\n    pool: 3 # one\n');
    expect(await orch('scale aip=3')).toMatchObject({ code: 2, stderr: expect.stringContaining('"api"') });
  });
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
      '~ api  restart api.1: command changed\n      command: ["b"] → ["a"]\n\nPlan: 1 to restart.\n',
    );
    answers.plan = () => ({ changes: [] });
    expect(await orch('plan --json')).toEqual({ code: 0, stdout: '{"changes":[]}\n', stderr: '' });
  });

  test('a configuration with problems is exit code 1: 2 would mean changes', async () => {
    await writeFile(file(), 'services: { api: { comand: [a] } }\n');
    const { code, stderr } = await orch('plan');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: procs\.yaml:1:20: unknown key "comand"/);
    expect(supervisor.requests).toEqual([]);
  });
});
