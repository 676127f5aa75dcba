// A project is known by the path of its file as it is given: releases behind a link, other paths to one directory.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import { recordedPlaceFile } from '../../src/api/recorded-places.ts';
import { findProcesses } from '../rig/processes.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const RELEASE = `
services:
  api: { command: "cat version; exec sleep 1000", pool: 2, ready_after: 10ms }
`;

/** `current` leads to the first of two releases. */
function createReleases(): Project {
  const place = createProject({});
  for (const version of ['1', '2']) {
    place.write(`releases/${version}/procs.yaml`, RELEASE);
    place.write(`releases/${version}/version`, `v${version}\n`);
  }
  switchTo(place, '1');
  return place;
}

function switchTo(place: Project, version: string): void {
  symlinkSync(`releases/${version}`, place.path('next'));
  renameSync(place.path('next'), place.path('current'));
}

/** As a shell that has changed to `current`. */
const inCurrent = (place: Project) => ({ cwd: place.path('current'), env: { PWD: place.path('current') } });
const up = (place: Project, options: object = inCurrent(place)) =>
  place.mustOrch(['up', '-d', '--wait', '--timeout', '20s'], options);
const status = async (place: Project, options: object = inCurrent(place)): Promise<Status> =>
  JSON.parse((await place.mustOrch(['ps', '--json'], options)).stdout);
const supervisors = (place: Project) =>
  findProcesses([place.root]).filter(({ command }) => command.includes('supervisor.cjs'));
const directories = (place: Project): string[] => place.instances().map(({ pid }) => releaseOf(pid));

function releaseOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/cwd`).replace(' (deleted)', ''));
  } catch {
    return 'gone';
  }
}

test('switching the link and `up`: one supervisor, and the new release runs', async () => {
  const place = createReleases();
  await up(place);
  const before = (await status(place)).supervisor.pid;
  expect((await status(place)).project).toBe('current');
  switchTo(place, '2');
  await up(place);
  expect(supervisors(place).map(({ pid }) => pid)).toEqual([before]);
  expect(directories(place)).toEqual(['2', '2']);
  rmSync(place.path('releases/1'), { recursive: true });
  expect((await status(place)).supervisor.pid).toBe(before);
  const { stdout } = await place.mustOrch(['logs'], inCurrent(place));
  expect(stdout).toMatch(/v1[\s\S]*v2/);
  await place.mustOrch(['down'], inCurrent(place));
  expect(place.instances()).toEqual([]);
  expect(supervisors(place)).toEqual([]);
});

test('the supervisor sees the switch by itself, and before that the plan says what it does', async () => {
  const place = createReleases();
  await up(place);
  await place.mustOrch(['pause'], inCurrent(place));
  const edited = place.path('current');
  place.write('releases/2/procs.yaml', RELEASE.replace('pool: 2', 'pool: 1'));
  switchTo(place, '2');
  const plan = await place.orch(['plan', '--json'], inCurrent(place));
  expect([plan.exitCode, plan.stdout.includes('releases/2')]).toEqual([2, true]);
  await place.mustOrch(['resume'], inCurrent(place));
  await waitFor(
    'the new release runs',
    () => directories(place),
    (seen) => seen.join() === '2',
  );
  expect(existsSync(`${edited}/.orch/state.json`)).toBe(true);
  expect(existsSync(place.path('releases/1/.orch'))).toBe(false);
  await place.mustOrch(['down'], inCurrent(place));
});

test('the old release is removed at once with the switch', async () => {
  const place = createReleases();
  await up(place);
  switchTo(place, '2');
  rmSync(place.path('releases/1'), { recursive: true });
  await waitFor(
    'the new release runs',
    () => directories(place),
    (seen) => seen.join() === '2,2',
  );
  await waitFor(
    'it answers',
    () => place.orch(['ps'], inCurrent(place)),
    ({ exitCode }) => exitCode === 0,
  );
  await place.mustOrch(['down'], inCurrent(place));
  expect(place.instances()).toEqual([]);
});

test('a killed supervisor: after the switch, the next one takes over what runs', async () => {
  const place = createReleases();
  await up(place);
  process.kill((await status(place)).supervisor.pid, 'SIGKILL');
  switchTo(place, '2');
  await up(place);
  expect(directories(place)).toEqual(['2', '2']);
  await place.mustOrch(['down'], inCurrent(place));
  expect(place.instances()).toEqual([]);
});

test('a release that was started by its own path is taken over by `up` behind the link', async () => {
  const place = createReleases();
  const direct = { cwd: place.path('releases/1') };
  await up(place, direct);
  const pids = place.instances().map(({ pid }) => pid);
  await up(place);
  expect(place.instances().map(({ pid }) => pid)).toEqual(pids);
  expect(supervisors(place).length).toBe(1);
  await up(place, direct); // the same directory: the same project
  expect(supervisors(place).length).toBe(1);
  switchTo(place, '2');
  await up(place);
  expect(directories(place)).toEqual(['2', '2']);
  await place.mustOrch(['down'], inCurrent(place));
});

test('a deployment switches the link, removes the old release and starts the new one at once: one supervisor', async () => {
  const place = createReleases();
  await up(place);
  const before = supervisors(place).map(({ pid }) => pid);
  switchTo(place, '2');
  rmSync(place.path('releases/1'), { recursive: true });
  await up(place);
  expect(supervisors(place).map(({ pid }) => pid)).toEqual(before);
  await waitFor(
    'the new release runs',
    () => directories(place),
    (now) => now.join() === '2,2',
  );
  await place.mustOrch(['down'], inCurrent(place));
  expect(place.instances()).toEqual([]);
});

test('`up` and `ps` find a supervisor whose state moves while they look for it', async () => {
  const place = createReleases();
  await up(place);
  const record = recordedPlaceFile(place.path('current'));
  const now = readFileSync(record, 'utf8');
  const pids = supervisors(place).map(({ pid }) => pid);
  mkdirSync(place.path('releases/2/.orch'));
  const before = JSON.stringify({ ...JSON.parse(now), stateDir: place.path('releases/2/.orch') });
  for (const words of [['ps'], ['up', '-d']]) {
    // The command reads the record as it was, and every later reader as it is now.
    rmSync(record);
    execFileSync('mkfifo', ['-m', '600', record]);
    const command = place.orch(words, inCurrent(place));
    const fifo = await open(record, 'w');
    writeFileSync(`${record}.now`, now, { mode: 0o600 });
    renameSync(`${record}.now`, record);
    await fifo.writeFile(before);
    await fifo.close();
    expect(await command).toMatchObject({ exitCode: 0 });
  }
  expect(supervisors(place).map(({ pid }) => pid)).toEqual(pids);
  await place.mustOrch(['down'], inCurrent(place));
});

test('another supervisor in the new directory is named, and neither is touched', async () => {
  const place = createReleases();
  await up(place);
  const direct = { cwd: place.path('releases/2') };
  await up(place, direct);
  switchTo(place, '2');
  const refused = await place.orch(['up', '-d'], inCurrent(place));
  expect(refused).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(place.path('releases/2/procs.yaml')) });
  expect(directories(place).sort()).toEqual(['1', '1', '2', '2']);
  await place.mustOrch(['down'], direct);
  await up(place);
  expect(directories(place)).toEqual(['2', '2']);
  await place.mustOrch(['down'], inCurrent(place));
});

test('a file that is a link belongs to the directory of the link', async () => {
  const place = createProject({});
  place.write('dotfiles/shop.yaml', 'services:\n  a: { command: [sleep, "1000"], ready_after: 10ms }\n');
  mkdirSync(place.path('shop'));
  symlinkSync('../dotfiles/shop.yaml', place.path('shop/procs.yaml'));
  const inShop = { cwd: place.path('shop') };
  await up(place, inShop);
  expect(existsSync(place.path('shop/.orch/state.json'))).toBe(true);
  writeFileSync(
    place.path('dotfiles/shop.yaml'),
    'services:\n  a: { command: [sleep, "1000"], pool: 2, ready_after: 10ms }\n',
  );
  await waitFor(
    'the edit is applied',
    () => place.instances().length,
    (count) => count === 2,
  );
  await place.mustOrch(['down'], inShop);
});

test('a project that was moved while its supervisor was dead keeps its processes', async () => {
  const place = createProject({});
  place.write('old/procs.yaml', 'services:\n  a: { command: [sleep, "1000"], cwd: /, ready_after: 10ms }\n');
  await up(place, { cwd: place.path('old') });
  const { pid } = instanceOf(await status(place, { cwd: place.path('old') }), 'a.1');
  process.kill((await status(place, { cwd: place.path('old') })).supervisor.pid, 'SIGKILL');
  renameSync(place.path('old'), place.path('new'));
  await up(place, { cwd: place.path('new') });
  expect(place.instances().map((one) => one.pid)).toEqual([pid]);
  await place.mustOrch(['down'], { cwd: place.path('new') });
  expect(place.instances()).toEqual([]);
});
