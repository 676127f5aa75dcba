// The supervisor that a plain `orch up` starts before the command is loaded: for which lines, and what becomes of it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { pathsOfFile } from '../../src/api/paths.ts';
import { launchEarly } from '../../src/cli/up/early-launch.ts';
import type { SupervisorLaunch, SupervisorLaunchOptions } from '../../src/cli/up/launch-supervisor.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

type Change = { name?: string; stateDir?: string; isMissing?: boolean; hasSocket?: boolean };

function launchWith(line: string, { name = 'procs.yaml', stateDir, isMissing, hasSocket }: Change = {}) {
  const file = join(temporaryDirectory('early'), name);
  const paths = pathsOfFile(file, stateDir ?? null);
  if (!isMissing) writeFileSync(file, '');
  if (hasSocket) {
    mkdirSync(dirname(paths.socket), { recursive: true });
    writeFileSync(paths.socket, '');
  }
  const abandon = vi.fn(async () => undefined);
  const launched: SupervisorLaunchOptions[] = [];
  const launcher = (options: SupervisorLaunchOptions): SupervisorLaunch => {
    launched.push(options);
    return { abandon } as unknown as SupervisorLaunch;
  };
  const context = { file, env: null, stateDir: stateDir ?? null, environment: {} };
  const early = launchEarly(line.split(' '), context, launcher);
  return { early, launched, abandon, paths };
}

test.for([
  ['up', true],
  ['up --yes --no-tui', true],
  ['up -d', false],
  ['up --wait --detach', false],
] as const)('`%s` starts the supervisor early; it is owned: %s', ([line, owned]) => {
  const { launched, paths } = launchWith(line);
  expect(launched).toMatchObject([{ owned, paths: { root: paths.root } }]);
});

const others: [string, string, Change][] = [
  ['a line with another option', 'up --plan 1-abc', {}],
  ['a line with services', 'up -d api', {}],
  ['help', 'up --help', {}],
  ['another file name', 'up -d', { name: 'other.yaml' }],
  ['a state directory', 'up -d', { stateDir: '/elsewhere' }],
  ['a missing file', 'up -d', { isMissing: true }],
  ['the socket of a supervisor', 'up -d', { hasSocket: true }],
];
test.for(others)('%s: the command decides first', ([, line, change]) => {
  const { early, launched } = launchWith(line, change);
  expect(early).toBeNull();
  expect(launched).toEqual([]);
});

test('it is taken once, by the project that it is for, and then not abandoned', async () => {
  const { early, paths, abandon } = launchWith('up');
  expect(early!.take(pathsOfFile(join(paths.root, 'procs.yaml'), '/moved'))).toBeNull();
  expect(early!.take(paths)).not.toBeNull();
  expect(early!.take(paths)).toBeNull();
  await early!.abandon();
  expect(abandon).not.toHaveBeenCalled();
});

test('one that was not taken is abandoned', async () => {
  const { early, paths, abandon } = launchWith('up');
  await early!.abandon();
  expect(abandon).toHaveBeenCalledTimes(1);
  expect(early!.take(paths)).toBeNull();
});
