// Starting a supervisor: how it gets the configuration, and every way in which the start can end.

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

test('a supervisor gets its arguments and the configuration as one line, and reports that it is ready', async () => {
  const supervisor = launch('good', 'prod');
  supervisor.accept({ accepted, only: ['api'] });
  expect(await supervisor.started).toEqual({ kind: 'ready', pid: 42 });
  expect(recorded()).toEqual({
    argv: ['--root', paths.root, '--file', '/some/good.yaml', '--env', 'prod'],
    got: `${JSON.stringify({ accepted, only: ['api'] })}\n`,
    cwd: paths.root,
  });
});

test('abandoned, it gets no configuration and exits', async () => {
  const supervisor = launch('good');
  await supervisor.abandon();
  expect(await supervisor.started).toMatchObject({ kind: 'died' });
  expect(existsSync(join(paths.root, 'record')) && recorded().got).toBeFalsy();
});

test('a refusal is reported', async () => {
  const supervisor = launch('conflict');
  supervisor.accept({ accepted: accepted, only: null });
  expect(await supervisor.started).toEqual({ kind: 'refused', error: { code: 'conflict', message: 'another one' } });
});

test.each([
  ['crash-at-once', 'ended with code 7', 'cannot load shared object'],
  ['crash-later', 'ended with SIGKILL', 'boom'],
])('%s: reports how it exited and what it printed last', async (mode, how, last) => {
  for (const hasState of [false, true]) {
    if (hasState) mkdirSync(paths.stateDir);
    const supervisor = launch(mode);
    supervisor.accept({ accepted: accepted, only: null });
    expect(await supervisor.started).toEqual({ kind: 'died', how, last });
  }
  expect(readFileSync(paths.supervisorLog, 'utf8')).toContain(last);
});
