// Starting a supervisor: the hand-over of the configuration, and every way in which it may end.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ProjectPaths, projectPaths } from '../../src/api/paths.ts';
import { launchSupervisor } from '../../src/cli/up/launch-supervisor.ts';
import type { AcceptedConfig } from '../../src/core/load-result.ts';

const entry = fileURLToPath(new URL('./fake-entry.mjs', import.meta.url));
const accepted: AcceptedConfig = {
  config: { project: 'żółw', env: null, root: '/', services: [], logQueues: [] },
  watched: [],
  files: [],
  warnings: [],
};

let paths: ProjectPaths;
beforeEach(() => {
  paths = projectPaths(realpathSync(mkdtempSync(join(tmpdir(), 'orch-launch-'))));
  vi.stubEnv('FAKE_RECORD', join(paths.root, 'record'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(paths.root, { recursive: true, force: true });
});

const launch = (mode: string, env: string | null = null) =>
  launchSupervisor({ paths, file: `/some/${mode}.yaml`, env, entry });
const recorded = () => JSON.parse(readFileSync(join(paths.root, 'record'), 'utf8'));

test('gets its arguments, the configuration as one line, and says that it is ready', async () => {
  const supervisor = launch('good', 'prod');
  supervisor.accept(accepted, ['api']);
  expect(await supervisor.started).toEqual({ kind: 'ready', pid: 42 });
  expect(recorded()).toEqual({
    argv: ['--root', paths.root, '--file', '/some/good.yaml', '--env', 'prod'],
    got: `${JSON.stringify({ accepted, only: ['api'] })}\n`,
    cwd: paths.root,
  });
});

test('abandoned, it gets not a word and is gone', async () => {
  const supervisor = launch('good');
  await supervisor.abandon();
  expect(await supervisor.started).toMatchObject({ kind: 'died' });
  expect(existsSync(join(paths.root, 'record')) && recorded().got).toBeFalsy();
});

test('a refusal comes through', async () => {
  const supervisor = launch('conflict');
  supervisor.accept(accepted, null);
  expect(await supervisor.started).toEqual({ kind: 'refused', error: { code: 'conflict', message: 'another one' } });
});

test.each([
  ['crash-at-once', 'ended with code 7', 'cannot load shared object'],
  ['crash-later', 'ended with SIGKILL', 'boom'],
])('%s: tells how it ended and what it said last', async (mode, how, last) => {
  for (const hasState of [false, true]) {
    if (hasState) mkdirSync(paths.stateDir);
    const supervisor = launch(mode);
    supervisor.accept(accepted, null);
    expect(await supervisor.started).toEqual({ kind: 'died', how, last });
  }
  expect(readFileSync(paths.supervisorLog, 'utf8')).toContain(last);
});
