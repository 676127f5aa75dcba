// A singleton never lives twice: not over restarts, not over two supervisors, not over a crash (I2).
import { expect, test } from 'vitest';
import { killByIdentity, readStat } from '../rig/processes.ts';
import { createProject, incarnations, instanceOf } from '../rig/project.ts';
import { readRecords } from '../rig/records.ts';
import { waitFor } from '../rig/wait-for.ts';

const bot = (record: string, singleton: string, more = ''): string => `
services:
  bot:
    command: [node, PROGRAMS/records-start-stop.mjs, ${record}, "150"]
    singleton: ${singleton}
    env: { RECORD_ID: the-bot${more} }
`;

test('an edit replaces a singleton without two at once', async () => {
  const project = createProject({ 'procs.yaml': bot('record.txt', 'true') });
  await project.up();
  for (let version = 1; version <= 3; version++) {
    const before = incarnations(project.instances());
    project.edit('procs.yaml', bot('record.txt', 'true', `, VERSION: "${version}"`));
    await waitFor(
      'replaced',
      () => incarnations(project.instances()),
      (seen) => 'bot.1' in seen && seen['bot.1'] !== before['bot.1'],
    );
    await waitFor(
      'recorded',
      () => readRecords(project.path('record.txt')),
      (seen) => seen.filter((one) => one.event === 'start').length === version + 1,
    );
  }
  await project.down();
  const story = readRecords(project.path('record.txt')).map((one) => one.event);
  expect(story).toEqual(['start', 'stop', 'start', 'stop', 'start', 'stop', 'start', 'stop']);
});

test('the newer of two projects with one key replaces the older, whose tree is dead before', async () => {
  const key = `rig-${process.pid}-${Date.now()}`;
  const first = createProject({});
  const second = createProject({});
  const record = first.path('record.txt');
  const singleton = `{ key: ${key}, scope: user }`;
  first.write('procs.yaml', bot(record, singleton));
  second.write('procs.yaml', bot(record, singleton));
  await first.up();
  const [older] = first.instances();
  await second.up();
  expect(readStat(older!.pid)?.startTime).not.toBe(older!.startTime);
  await waitFor(
    'the newer has recorded',
    () => readRecords(record),
    (seen) => seen.filter((one) => one.event === 'start').length === 2,
  );
  expect(readRecords(record).map((one) => one.event)).toEqual(['start', 'stop', 'start']);
  const replaced = instanceOf(await first.ps(), 'bot.1');
  expect(replaced).toMatchObject({ pid: null, reason: expect.stringContaining(second.root) });
  await first.down();
  expect(second.instances().length).toBe(1);
  await second.down();
});

test('a singleton outlives a killed supervisor, and the next one does not start a second', async () => {
  const project = createProject({ 'procs.yaml': bot('record.txt', 'true') });
  await project.up();
  const before = incarnations(project.instances());
  const { pid } = (await project.ps()).supervisor;
  killByIdentity({ pid, startTime: readStat(pid)!.startTime });
  await waitFor(
    'the supervisor is gone',
    () => readStat(pid),
    (seen) => seen === null,
  );
  await project.up();
  expect(incarnations(project.instances())).toEqual(before);
  expect(readRecords(project.path('record.txt')).map((one) => one.event)).toEqual(['start']);
  await project.down();
});

test('pool: 2 with singleton is refused before anything runs', async () => {
  const project = createProject({
    'procs.yaml': 'services:\n  bot: { command: [sleep, "1000"], singleton: true, pool: 2 }\n',
  });
  const up = await project.orch(['up', '-d']);
  expect(up.exitCode).toBe(2);
  expect(up.stderr).toMatch(/^error: /);
  expect(up.stderr).toMatch(/procs\.yaml:2:\d+/);
});
