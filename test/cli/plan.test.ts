// `orch plan` without a supervisor: what it compares, and where the values of a plan are written.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PlanReport } from '../../src/plan/plan-report.ts';
import { expectShape } from '../rig/contract.ts';
import { git as gitIn } from '../rig/git.ts';
import { runCommand } from './run-command.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(realpathSync(tmpdir()), 'orch-plan-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
const git = (...args: string[]) => gitIn(directory, ...args);
const commitAll = (message: string) => {
  git('add', '-A');
  git('commit', '-qm', message);
};
const orch = (...argv: string[]) => runCommand(argv, { cwd: directory });

async function reportOf(...argv: string[]): Promise<PlanReport> {
  const { code, stdout, stderr } = await orch('plan', '--json', ...argv);
  expect([code, stderr]).toEqual([2, '']);
  const report = JSON.parse(stdout) as PlanReport;
  expectShape('plan', report);
  return report;
}

/** `key: where it was -> where it is`, of the first change. */
const placesOf = ({ changes }: PlanReport): string[] =>
  changes.flatMap(({ keys }) =>
    keys.map(({ key, class: keyClass, was, at }) => {
      const [from, to] = [was, at].map((place) => (place ? `${place.file}:${place.line}:${place.column}` : 'nowhere'));
      return `${key} (${keyClass}): ${from} -> ${to}`;
    }),
  );

test('each key of a plan says where its old and its new value are written', async () => {
  git('init', '-q');
  mkdirSync(join(directory, 'parts'));
  write('.gitignore', '.env\n');
  write('.env', 'ZONE=a\n');
  const api = 'services:\n  api:\n    command: [a]\n    env_files: [api.env]\n    stop: { grace: 10s }\n';
  write(
    'procs.yaml',
    `include: [parts/base.yaml]\n${api}    log_queue: main\nlog_queues:\n  main: { keep: 3 }\n`.replace(
      '{ keep: 3 }',
      '{ rotate: { keep: 3 } }',
    ),
  );
  write('api.env', 'ONE=1\n');
  write('parts/base.yaml', 'defaults:\n  restart: always\n');
  write('procs.prod.yaml', 'services:\n  api: { pool: 2 }\n');
  commitAll('one');
  write(
    'procs.yaml',
    `include: [parts/base.yaml]\nenv: { TWO: b }\n${api.replace('[a]', '[b]').replace('    stop: { grace: 10s }\n', '')}    log_queue: main\nlog_queues:\n  main: { rotate: { keep: 4 } }\n`,
  );
  write('api.env', '# a comment\nONE=2\n');
  write('parts/base.yaml', 'defaults:\n  restart:\n    policy: never\n');
  write('procs.prod.yaml', 'services:\n  api:\n    pool: 3\n');
  const report = await reportOf('-e', 'prod', 'HEAD');
  expect(report.from).toEqual({ kind: 'commit', ref: 'HEAD', commit: git('rev-parse', 'HEAD').trim() });
  expect([...new Set(placesOf(report))]).toEqual([
    'command (restart): procs.yaml:4:14 -> procs.yaml:5:14',
    'env.ONE (restart): api.env:1:1 -> api.env:2:1',
    'pool (live): procs.prod.yaml:2:16 -> procs.prod.yaml:3:11',
    'restart.policy (live): parts/base.yaml:2:3 -> parts/base.yaml:3:13',
    'env.TWO (restart): nowhere -> procs.yaml:2:13',
    'rotate.keep (live): procs.yaml:9:27 -> procs.yaml:9:27',
  ]);
  const { stdout } = await orch('-e', 'prod', 'plan', 'HEAD');
  expect(stdout).toContain('      env.ONE: 1 → 2  (api.env:2)\n');
});

test('a value that goes back to its default is written nowhere', async () => {
  git('init', '-q');
  write('procs.yaml', 'services:\n  api: { command: [a], stop: { grace: 3s } }\n');
  commitAll('one');
  write('procs.yaml', 'services:\n  api: { command: [a] }\n');
  expect(placesOf(await reportOf('HEAD'))).toEqual(['stop.grace (live): procs.yaml:2:39 -> nowhere']);
});

test('where nothing runs, the plan is what `up` would start, in the environment that is named', async () => {
  write('procs.yaml', 'name: shop\nservices: { api: { command: [a] } }\n');
  write('procs.prod.yaml', 'services: { api: { pool: 3 }, mail: { command: [m] } }\n');
  const report = await reportOf('-e', 'prod');
  expect(report).toMatchObject({
    project: 'shop',
    env: 'prod',
    from: { kind: 'nothing' },
    summary: { text: '2 changes: 2 start (4 instances)', start: { services: 2, instances: 4 } },
  });
  expect((await orch('-e', 'prod', 'plan')).stdout).toMatch(/^shop \(prod\): nothing runs yet\n/);
  expect(await orch('-e', 'qa', 'plan')).toMatchObject({ code: 1, stdout: '' });
});

test('A...B is what B changes since it branched off, A..B also what A has since', async () => {
  const services = (parts: string) => `services:\n  old: { command: [o] }\n${parts}`;
  git('init', '-q', '-b', 'main');
  write('procs.yaml', services(''));
  commitAll('base');
  git('checkout', '-qb', 'branch');
  write('procs.yaml', services('  mine: { command: [m] }\n'));
  commitAll('mine');
  git('checkout', '-q', 'main');
  write('procs.yaml', services('  theirs: { command: [t] }\n'));
  commitAll('theirs');
  const names = async (range: string) =>
    (await reportOf(range)).changes.map(({ service, action }) => `${action} ${service}`);
  expect(await names('main...branch')).toEqual(['start mine']);
  expect(await names('main..branch')).toEqual(['start mine', 'stop theirs']);
  git('checkout', '-q', '--orphan', 'unrelated');
  commitAll('unrelated');
  expect((await orch('plan', 'main...unrelated')).stderr).toContain('have in common');
});

test('in a shallow clone, a commit that is not there says how to get it', async () => {
  mkdirSync(join(directory, 'origin'));
  const origin = join(directory, 'origin');
  gitIn(origin, 'init', '-q', '-b', 'main');
  writeFileSync(join(origin, 'procs.yaml'), 'services: {}\n');
  gitIn(origin, 'add', '-A');
  gitIn(origin, 'commit', '-qm', 'one');
  gitIn(origin, 'commit', '-q', '--allow-empty', '-m', 'two');
  git('clone', '-q', '--depth', '1', `file://${origin}`, 'clone');
  const { code, stderr } = await runCommand(['plan', 'HEAD~1'], { cwd: join(directory, 'clone') });
  expect([code, stderr]).toEqual([1, expect.stringContaining('fetch-depth: 0')]);
});

test('`--markdown` and `--json` exclude each other', async () => {
  write('procs.yaml', 'services: {}\n');
  expect(await orch('plan', '--json', '--markdown')).toMatchObject({ code: 1 });
  expect((await orch('plan', '--markdown')).stdout).toMatch(/^### orch plan: .*\n\n\*\*Nothing to do\.\*\*\n$/);
});
