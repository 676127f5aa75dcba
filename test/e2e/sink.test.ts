// A log queue that feeds a program: every line reaches it once and in order, whatever happens to the program meanwhile.
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { linesOf, readRecords } from '../rig/records.ts';
import { waitFor } from '../rig/wait-for.ts';

/** Stores each line before it reads on, byte by byte, so that a kill costs at most the line in its hands. */
const COLLECTOR = `
import { appendFileSync, readSync } from 'node:fs';
const note = (event) => appendFileSync('record.txt', JSON.stringify({ event, id: 'collector.1', pid: process.pid }) + '\\n');
note('start');
process.on('SIGTERM', () => undefined);
const byte = Buffer.alloc(1);
let line = [];
while (readSync(0, byte, 0, 1, null) === 1) {
  line.push(byte[0]);
  if (byte[0] !== 10) continue;
  appendFileSync('collected.txt', Buffer.from(line));
  line = [];
}
note('stop');
`;

/** \`<id> <n>\`, without end or up to a number; each batch of ten, then a pause. */
const PRODUCER = `
import { appendFileSync } from 'node:fs';
const id = process.env.ORCH_INSTANCE_ID;
const note = (event) => appendFileSync('record.txt', JSON.stringify({ event, id, pid: process.pid }) + '\\n');
note('start');
process.on('SIGTERM', () => { note('stop'); process.exit(0); });
let n = 0;
setInterval(() => {
  let text = '';
  for (let i = 0; i < 10; i++) text += id + ' ' + ++n + '\\n';
  process.stdout.write(text);
  appendFileSync('written-' + id, String(n) + '\\n');
}, 25); // 1,600 lines a second of all four: as many as the collector takes on a busy machine
`;

const YAML = `
log_queues:
  lines: { format: raw, sink: { service: collector } }
services:
  api: { command: [node, producer.mjs], pool: 4, log_queue: lines }
  collector: { command: [node, collector.mjs], restart: { policy: always, backoff: { initial: 50ms } }, stop: { grace: 3s }, env: { V: "1" } }
`;

const FILES = { 'procs.yaml': YAML, 'collector.mjs': COLLECTOR, 'producer.mjs': PRODUCER };

test('a sink starts first, reads every line once and in order, and stops last', async () => {
  const project = createProject(FILES);
  await project.up();
  await collected(project, 500);
  const started = (await project.events()).filter(({ type }) => type === 'started');
  await project.down();
  expect(missing(project)).toEqual([]);
  const story = readRecords(project.path('record.txt')).map(({ event, id }) => `${event} ${id}`);
  expect(story).toHaveLength(10);
  expect(started[0]).toMatchObject({ instance: 'collector.1' });
  expect(story.at(-1)).toBe('stop collector.1');
  expect((await project.orch(['logs', '--queue', 'lines', '--raw'])).stdout).toBe('');
});

test('a sink that is killed and replaced loses only lines that it had already read', async () => {
  const project = createProject(FILES);
  await project.up();
  await collected(project, 200);
  const { pid } = instanceOf(await project.ps(), 'collector.1');
  process.kill(pid!, 'SIGKILL');
  await collected(project, countOf(project) + 400);
  project.edit('procs.yaml', project.read('procs.yaml').replace('V: "1"', 'V: "2"'));
  await waitFor(
    'it is replaced',
    () => readRecords(project.path('record.txt')).filter(({ event, id }) => event === 'start' && id === 'collector.1'),
    (starts) => starts.length === 3,
  );
  await collected(project, countOf(project) + 400);
  await project.down();
  // The program that ignores SIGTERM is killed when its grace is over: each of the two had one line in its hands.
  expect(missing(project).length).toBeLessThanOrEqual(2);
  expect(missing(project).filter((what) => what.includes('twice') || what.includes('order'))).toEqual([]);
});

test('a sink that is stopped and started, or upgraded, loses no line', async () => {
  const project = createProject(FILES);
  await project.up();
  await collected(project, 200);
  await project.mustOrch(['stop', 'collector']);
  const storyOf = () => readRecords(project.path('record.txt')).filter(({ id }) => id === 'collector.1');
  expect(storyOf().map(({ event }) => event)).toEqual(['start', 'stop']);
  const before = countOf(project);
  await project.mustOrch(['start', 'collector']);
  await collected(project, before + 400);
  await project.mustOrch(['upgrade']);
  await collected(project, countOf(project) + 400);
  expect(storyOf().map(({ event }) => event)).toEqual(['start', 'stop', 'start']);
  await project.down();
  expect(missing(project)).toEqual([]);
});

test('scale does not give a sink a second instance', async () => {
  const project = createProject(FILES);
  await project.up();
  for (const size of [2, 0]) {
    const refused = await project.orch(['scale', '--ephemeral', `collector=${size}`]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(
      `error: collector reads the log queue lines: it has exactly 1 instance, not ${size}`,
    );
  }
  await project.mustOrch(['scale', '--ephemeral', 'collector=1']);
  await project.mustOrch(['scale', '--ephemeral', 'collector=file']);
  expect((await project.orch(['scale', 'collector=2'])).exitCode).toBe(2);
  await project.down();
});

test('a sink keeps reading when the supervisor is killed', async () => {
  const project = createProject(FILES);
  await project.up();
  await collected(project, 200);
  process.kill((await project.ps()).supervisor.pid, 'SIGKILL');
  await collected(project, countOf(project) + 400);
  await project.up();
  await collected(project, countOf(project) + 400);
  const starts = readRecords(project.path('record.txt')).filter(({ event, id }) => event + id === 'startcollector.1');
  expect(starts).toHaveLength(1);
  await project.down();
  expect(missing(project)).toEqual([]);
});

test('a queue that loses its sink writes to a file', async () => {
  const project = createProject(FILES);
  await project.up();
  await collected(project, 200);
  const yaml = project
    .read('procs.yaml')
    .replace(', sink: { service: collector }', '')
    .replace(/ {2}collector: .*\n/, '');
  project.edit('procs.yaml', yaml);
  const file = project.path('.orch/logs/lines.log');
  await waitFor(
    'the file has lines',
    () => linesOf(file).length,
    (seen) => seen >= 400,
  );
  await project.down();
  writeFileSync(project.path('collected.txt'), project.read('collected.txt') + project.read('.orch/logs/lines.log'));
  expect(missing(project)).toEqual([]);
});

const countOf = (project: Project): number => linesOf(project.path('collected.txt')).length;

async function collected(project: Project, count: number): Promise<void> {
  await waitFor(
    `${count} lines are collected`,
    () => linesOf(project.path('collected.txt')).length,
    (seen) => seen >= count,
    30_000,
  );
}

/** What is wrong with the collected lines: `<id> <n> is missing`, `… out of order`, `… twice`. */
function missing(project: Project): string[] {
  const numbers = new Map<string, number[]>();
  for (const line of linesOf(project.path('collected.txt'))) {
    const [id, n] = line.split(' ') as [string, string];
    numbers.set(id, [...(numbers.get(id) ?? []), Number(n)]);
  }
  return ['api.1', 'api.2', 'api.3', 'api.4'].flatMap((id) => {
    const seen = numbers.get(id) ?? [];
    const last = Number(linesOf(project.path(`written-${id}`)).at(-1));
    const wrong = seen.flatMap((n, index) => (index > 0 && n <= seen[index - 1]! ? [`${id} ${n} out of order`] : []));
    if (new Set(seen).size !== seen.length) wrong.push(`${id} twice`);
    const known = new Set(seen);
    for (let n = 1; n <= last; n++) if (!known.has(n)) wrong.push(`${id} ${n} is missing`);
    return wrong;
  });
}
