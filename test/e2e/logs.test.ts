// Log queues end to end: every line once, in order, in its format, rotated without loss (I10).
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { linesOf } from '../rig/records.ts';
import { waitFor } from '../rig/wait-for.ts';

async function untilCompleted(project: Project): Promise<void> {
  await waitFor(
    'all tasks completed',
    project.ps,
    (seen) => seen.services.every((one) => one.instances.every((each) => each.state === 'completed')),
    20_000,
  );
}

test('the log has every line of five instances once, in order, with instance and time', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { main: { path: logs/all.log } }
services:
  p: { command: [node, PROGRAMS/prints-numbered-lines.mjs, "2000"], pool: 5, restart: never, log_queue: main }
`,
  });
  await project.up();
  await untilCompleted(project);
  await waitFor(
    'all lines are there',
    () => linesOf(project.path('logs/all.log')).length,
    (seen) => seen === 10_000,
  );
  const seen = new Map<string, number>();
  for (const line of linesOf(project.path('logs/all.log'))) {
    const match = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (p\.\d) o (p\.\d) (\d+)$/.exec(line);
    expect(match, line).not.toBeNull();
    expect(match![1]).toBe(match![2]);
    expect(Number(match![3])).toBe((seen.get(match![1]!) ?? 0) + 1);
    seen.set(match![1]!, Number(match![3]));
  }
  expect([...seen.values()]).toEqual([2000, 2000, 2000, 2000, 2000]);
  const [queue] = (await project.ps()).logQueues;
  expect(queue).toMatchObject({
    name: 'main',
    path: 'logs/all.log',
    lines: 10_000,
    droppedLines: 0,
    depthBytes: 0,
    overflow: 'block',
    error: null,
  });
  await project.down();
});

test('json and raw logs keep stdout, stderr and a last line without newline', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { j: { path: j.log, format: json }, r: { path: r.log, format: raw } }
services:
  j: { command: 'echo "say \\"hi\\" \\\\"; echo bad >&2', restart: never, log_queue: j }
  r: { command: [printf, "one\\ntwo"], restart: never, log_queue: r }
`,
  });
  await project.up();
  await untilCompleted(project);
  await waitFor(
    'both lines are there',
    () => linesOf(project.path('j.log')).length,
    (seen) => seen === 2,
  );
  const objects = linesOf(project.path('j.log')).map((line) => JSON.parse(line) as Record<string, unknown>);
  objects.sort((a, b) => String(a.stream).localeCompare(String(b.stream)));
  expect(objects.map((one) => one.line)).toEqual(expect.arrayContaining(['say "hi" \\', 'bad']));
  for (const one of objects) {
    expect(Object.keys(one).sort()).toEqual(['instance', 'line', 'service', 'stream', 'time']);
    expect(one).toMatchObject({ service: 'j' });
  }
  await waitFor(
    'the partial line is there',
    () => readFileSync(project.path('r.log'), 'utf8'),
    (seen) => seen.startsWith('one\ntwo'),
  );
  await project.down();
});

test('rotation by size keeps every line and compresses old files', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { main: { path: main.log, format: raw, rotate: { size: 64KiB, keep: 50, compress: gzip } } }
services:
  p: { command: [node, PROGRAMS/prints-numbered-lines.mjs, "30000"], restart: never, log_queue: main }
`,
  });
  await project.up();
  await untilCompleted(project);
  await waitFor(
    'all bytes are written',
    async () => (await project.ps()).logQueues[0]!.lines,
    (seen) => seen === 30_000,
  );
  await project.down();
  const files = readdirSync(project.root).filter((name) => /^main\.log(\.\d+T\d+Z(\.gz)?)?$/.test(name));
  expect(files.length).toBeGreaterThan(3);
  expect(files.some((name) => name.endsWith('.gz'))).toBe(true);
  // The compressor may have been ended between the two steps that replace a file.
  const whole = files.filter((name) => !name.endsWith('.gz') || !files.includes(name.slice(0, -'.gz'.length)));
  const numbers = whole.flatMap((name) => {
    const bytes = readFileSync(project.path(name));
    return String(name.endsWith('.gz') ? gunzipSync(bytes) : bytes)
      .split('\n')
      .filter(Boolean)
      .map((line) => Number(line.split(' ')[1]));
  });
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 30_000 }, (_, index) => index + 1));
});

test('orch logs merges, filters and follows', async () => {
  const project = createProject({
    'procs.yaml': `
services:
  a: { command: "echo from a; echo needle >&2; sleep 1000" }
  b: { command: "echo from b; sleep 1000" }
`,
  });
  await project.up();
  await waitFor(
    'all is written',
    async () => (await project.mustOrch(['logs'])).stdout,
    (seen) => seen.includes('from a') && seen.includes('from b') && seen.includes('needle'),
  );
  expect((await project.mustOrch(['logs', 'b'])).stdout).not.toContain('from a');
  const found = await project.mustOrch(['logs', '--grep', 'need.e']);
  expect(found.stdout.trim().split('\n').length).toBe(1);
  expect((await project.mustOrch(['logs', '--tail', '1', 'a'])).stdout.trim().split('\n').length).toBe(1);
  const json = (await project.mustOrch(['logs', '--json', 'b'])).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(json).toEqual([expect.objectContaining({ instance: 'b.1', service: 'b', line: 'from b' })]);
  await project.down();
  expect((await project.mustOrch(['logs', 'a'])).stdout).toContain('from a');
});

test('an instance that floods and a queue that is never read delay no other instance', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { default: { path: flood.log, rotate: { size: 8MiB, keep: 1, compress: none } } }
services:
  flood: { command: [node, PROGRAMS/prints-flood.mjs] }
  a: { command: [sleep, "1000"] }
`,
  });
  await project.up();
  await waitFor(
    'it floods',
    async () => (await project.ps()).logQueues[0]!.bytes,
    (seen) => seen > 20e6,
  );
  const outcome = await project.mustOrch(['ps', '--json']);
  expect(outcome.durationMs).toBeLessThan(1_000);
  const before = project.instances().find((one) => one.instance === 'a.1')!;
  process.kill(before.pid, 'SIGKILL');
  const status = await waitFor(
    'a is back',
    project.ps,
    (seen) => instanceOf(seen, 'a.1').restarts === 1 && instanceOf(seen, 'a.1').state === 'ready',
  );
  expect(instanceOf(status, 'flood.1').restarts).toBe(0);
  await project.down();
});

test('an edit moves a service to another queue without a restart', async () => {
  const yaml = `
log_queues: { one: { path: one.log, format: raw }, two: { path: two.log, format: raw } }
services:
  a: { command: "n=0; while :; do n=$((n+1)); echo $n; sleep 0.005; done", log_queue: one }
`;
  const project = createProject({ 'procs.yaml': yaml });
  await project.up();
  const numbersIn = (file: string) => linesOf(project.path(file)).map(Number);
  await waitFor(
    'it writes to one',
    () => numbersIn('one.log').length,
    (count) => count > 20,
  );
  const { pid } = instanceOf(await project.ps(), 'a.1');
  project.edit('procs.yaml', yaml.replace('log_queue: one', 'log_queue: two'));
  await waitFor(
    'it writes to two',
    () => numbersIn('two.log').length,
    (count) => count > 20,
  );
  const after = await project.ps();
  expect(instanceOf(after, 'a.1')).toMatchObject({ pid, restarts: 0 });
  expect(after.services[0]!.logQueue).toBe('two');
  await project.down();
  const all = [...numbersIn('one.log'), ...numbersIn('two.log')];
  expect(all).toEqual(all.map((_, index) => index + 1));
});

test('orch logs rotate closes the live files, or those of the queues named', async () => {
  const project = createProject({
    'procs.yaml': `
log_queues: { one: { path: one.log }, two: { path: two.log } }
services:
  a: { command: "echo first; sleep 1000", log_queue: one }
  b: { command: "echo second; sleep 1000", log_queue: two }
`,
  });
  await project.up();
  await waitFor(
    'both have written',
    () => ['one.log', 'two.log'].map((file) => linesOf(project.path(file)).length),
    (counts) => counts.every((count) => count === 1),
  );
  const { stdout } = await project.mustOrch(['logs', 'rotate', 'one']);
  expect(stdout).toMatch(/^\S+\/one\.log\.\d{8}T\d{9}Z\n$/);
  expect(readFileSync(stdout.trim(), 'utf8')).toMatch(/ a\.1 o first\n$/);
  const { rotated } = JSON.parse((await project.mustOrch(['logs', 'rotate', '--json'])).stdout) as {
    rotated: string[];
  };
  expect(rotated).toEqual([expect.stringMatching(/\/two\.log\.\d{8}T\d{9}Z$/)]); // nothing is left to rotate in one
  expect((await project.mustOrch(['logs'])).stdout.match(/first|second/g)).toHaveLength(2);
  const unknown = await project.orch(['logs', 'rotate', 'three']);
  expect([unknown.exitCode, unknown.stderr]).toEqual([
    2,
    expect.stringContaining('error: no log queue is named "three"'),
  ]);
  await project.down();
});
