// `orch events` shows the whole history of the project: of earlier supervisors too, and while none runs.
import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { EventRecord } from '../../src/api/protocol.ts';
import { createProject, parseLines } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { killSupervisor } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

const YAML = `
services:
  a: { command: [sleep, "1000"] }
  b: { command: "echo done", restart: never }
`;

const isIncreasing = (events: EventRecord[]) => events.every(({ seq }, at) => at === 0 || seq > events[at - 1]!.seq);
const of = (events: EventRecord[], type: string, instance: string) =>
  events.filter((event) => event.type === type && event.instance === instance).length;

test('events of all supervisors, in order, each with a number of its own', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  await project.down();
  await project.up();
  await killSupervisor(project);
  await project.up();
  const events = await project.events();
  expect(isIncreasing(events)).toBe(true);
  expect(of(events, 'started', 'a.1')).toBe(2);
  expect(of(events, 'adopted', 'a.1')).toBe(1);

  const last = parseLines<EventRecord>((await project.mustOrch(['events', '--json', '-n', '3'])).stdout);
  expect(last).toEqual(events.slice(-3));
  const more = parseLines<EventRecord>((await project.mustOrch(['events', '--json', '-n', '12'])).stdout);
  expect(more).toEqual(events.slice(-12));
  await project.down();

  // From the file now.
  const { stdout, stderr } = await project.mustOrch(['events', '--json']);
  expect(stderr).toContain('note: no supervisor runs');
  expect(parseLines<EventRecord>(stdout).slice(0, events.length)).toEqual(events);
});

test('filters by time, service and type, with and without a supervisor', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const all = async (...args: string[]) =>
    parseLines<EventRecord>((await project.mustOrch(['events', '--json', ...args])).stdout);
  const check = async () => {
    const events = await all();
    expect(await all('--type', 'started,completed', '--service', 'b')).toEqual(
      events.filter(({ type, service }) => service === 'b' && (type === 'started' || type === 'completed')),
    );
    expect(await all('--service', 'a.1')).toEqual(events.filter(({ instance }) => instance === 'a.1'));
    const { time } = events[3]!;
    expect(await all('--since', time)).toEqual(events.filter((event) => event.time >= time));
    expect(await all('--until', time)).toEqual(events.filter((event) => event.time < time));
    expect(await all('--type', 'started', '-n', '1')).toEqual(
      events.filter(({ type }) => type === 'started').slice(-1),
    );
    expect(await all('-n', '0')).toEqual([]);
  };
  await check();
  await project.down();
  await check();
  expect((await project.orch(['events', '--since', 'bogus'])).exitCode).toBe(2);
});

test('a line that a killed supervisor cut off costs no other event', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  await project.down();
  const before = parseLines<EventRecord>((await project.mustOrch(['events', '--json'])).stdout);
  appendFileSync(project.path('.orch/events.jsonl'), '{"seq":99,"time":"2026-');
  await project.up();
  const events = await project.events();
  expect(events.slice(0, before.length)).toEqual(before);
  expect(isIncreasing(events)).toBe(true);
  await project.down();
  const after = parseLines<EventRecord>((await project.mustOrch(['events', '--json'])).stdout);
  expect(after.slice(0, events.length)).toEqual(events);
});

test('without any history, events says that no supervisor runs', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  expect((await project.orch(['events'])).exitCode).toBe(3);
});

test('events -f: the past once, then what happens', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  await project.down();
  await project.up();
  const before = await project.events();
  const command = startCommand(project, ['events', '-f', '--json']);
  const seen = () => parseLines<EventRecord>(command.output().slice(0, command.output().lastIndexOf('\n') + 1));
  await waitFor('the past', seen, (events) => events.length >= before.length);
  await project.mustOrch(['stop', 'a']);
  await waitFor('the stop', seen, (events) => of(events, 'stopped', 'a.1') === 2);
  expect(seen().slice(0, before.length)).toEqual(before);
  expect(isIncreasing(seen())).toBe(true);
  command.signal('SIGINT');
  await command.exited;
});
