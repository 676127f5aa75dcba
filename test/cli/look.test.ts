// Commands that look, against a scripted supervisor: what they ask, print and exit with.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventRecord, WireError } from '../../src/api/protocol.ts';
import { formatStatus } from '../../src/cli/commands/ps.ts';
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

  test('down succeeds: scripts may call it twice', async () => {
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

describe('show', () => {
  const older = () => {
    answers.status = () => sampleStatus();
    answers.why = () => ({ explanations: [] });
    answers.events = () => ({});
    answers.environment = () => ({ env: null, variables: {} });
  };

  test('shows the rest where the supervisor is older and does not know processes and probes', async () => {
    older();
    answers.inspect = () => {
      throw { code: 'usage', message: 'unknown method "inspect"' } satisfies WireError;
    };
    const { code, stdout } = await orch('show api --json');
    expect(code).toBe(0);
    const [details] = JSON.parse(stdout).details;
    expect(details.instances).toBeNull();
    const titles = details.sections.map(({ title }: { title: string }) => title);
    expect(titles).toContain('instances');
    expect(titles).not.toContain('processes');
  });

  test('reports an error of the supervisor', async () => {
    older();
    answers.inspect = () => {
      throw { code: 'internal', message: 'it broke' } satisfies WireError;
    };
    expect(await orch('show api')).toMatchObject({ code: 1, stderr: expect.stringContaining('it broke') });
  });
});

describe('ps', () => {
  test('--json prints the status unchanged', async () => {
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
    const format = { nowMs, wide: true, widthColumns: null, colour: false, glyphs: null };
    expect(formatStatus(status, format).replace(`pid ${process.pid}`, 'pid 77')).toMatchInlineSnapshot(`
      "NAME     STATE         RESTARTS     PID      UP    CPU    MEM  REASON
      api x2   ready 2/2            3                   0.5%    82M
        api.1  ready                     4242      1m   0.3%    41M
        api.2  ready                3    4243      1m   0.3%    41M  adopted from an earlier supervisor
      db       backoff                                               exited with code 1; restarts in 2 s
      migrate  completed

      LOG QUEUE  PATH                    DEPTH     HIGH  CAPACITY  LINES     BYTES  DROPPED  OVERFLOW
      default    .orch/logs/default.log    0 B  4.0 KiB   8.0 MiB    120  11.7 KiB        0  block

      shop · generation 1 · converged · supervisor pid 77, up 1m 05s · 0% CPU, 48 MiB"
    `);
  });

  test('titles have a column in --wide, where a service has one', () => {
    const status = sampleStatus();
    const format = { nowMs: 0, wide: true, widthColumns: null, colour: false, glyphs: null };
    status.services[0]!.title = 'Public API';
    const wide = formatStatus(status, format).split('\n');
    expect(wide[0]).toMatch(/^NAME +TITLE +STATE /);
    expect(wide[1]).toMatch(/^api x2 +Public API +ready 2\/2 /);
    expect(wide[2]).toMatch(/^ {2}api\.1 +ready /);
    expect(formatStatus(status, { ...format, wide: false })).not.toContain('Public API');
  });

  test('a log queue shows its lag and whose lines it lost', () => {
    const [queue] = sampleStatus().logQueues;
    const losing = { ...queue!, lagMs: 2300, droppedLines: 340, droppedByInstance: { 'a.1': 40, 'flood.1': 300 } };
    const format = { nowMs: 0, wide: true, widthColumns: null, colour: false, glyphs: null };
    const table = formatStatus(sampleStatus({ logQueues: [losing] }), format);
    expect(table).toMatch(/ LAG +DROPPED +LOST BY +OVERFLOW\n/);
    expect(table).toMatch(/ 2\.3 s +340 +flood\.1 300, a\.1 40 +block\n/);
  });

  test('a rejected file comes first, with its position', async () => {
    const problem = { file: 'procs.yaml', line: 3, column: 5, code: 'unknown-key', message: 'unknown key "poool"' };
    const problems = [{ ...problem, severity: 'error' as const, hint: null, excerpt: null }];
    answers.status = () => sampleStatus({ config: { files: ['procs.yaml'], status: 'rejected', problems } });
    expect((await orch('ps')).stdout.split('\n').slice(0, 2)).toEqual([
      'The file on disk is rejected; the last good configuration stays active:',
      '  procs.yaml:3:5: unknown key "poool"',
    ]);
  });

  test('no services, no table', async () => {
    answers.status = () => sampleStatus({ services: [] });
    expect((await orch('ps')).stdout).toBe('No services are declared.\n');
  });

  test('a narrow terminal cuts, a pipe never does; colours only if enabled', async () => {
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

test('why: the causes in order, then what would unblock', async () => {
  answers.why = ({ name }) => ({
    explanations: [
      { id: `${name}.1`, state: 'waiting', causes: ['it waits for db', 'db.1 has failed'], unblock: 'fix db' },
    ],
  });
  expect((await orch('why api')).stdout).toBe(
    'api.1 is waiting\n  because: it waits for db\n    since: db.1 has failed\n  to unblock: fix db\n',
  );
  expect(JSON.parse((await orch('why api web --json')).stdout).explanations).toHaveLength(2);
  answers.why = () => ({
    explanations: [{ id: 'api.1', title: 'Public API', state: 'ready', causes: [], unblock: null }],
  });
  expect((await orch('why api')).stdout).toBe('api.1 (Public API) is ready\n');
});

describe('wait', () => {
  test('leaves the default to the supervisor and passes names and timeout on', async () => {
    answers.wait = () => ({ waitedMs: 1234 });
    expect(await orch('wait')).toEqual({ code: 0, stdout: 'everything is converged (waited 1.2 s)\n', stderr: '' });
    await orch('wait --for ready --timeout 2s api db');
    expect(asked()).toEqual([
      { method: 'wait', params: { names: [], timeoutMs: null } },
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
