// `listen`, `schedule`, `watch`, `hooks`, `limits`, `profiles`, `stdin`: their normal form, and invalid values.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { restartPart } from '../../src/config/schema/change-classes.ts';
import { acceptService as accepted, load } from './loading.ts';

const declare = (rest: string): string => `services: { api: { command: [a], ${rest} } }`;
const acceptService = (rest: string) => accepted(declare(rest));

async function problemOf(rest: string): Promise<string> {
  const result = await load(declare(rest));
  if (result.ok) throw new Error(`accepted: ${rest}`);
  return result.problems.map(({ message }) => message).join('\n');
}

test('listen: TCP addresses and paths', async () => {
  const { listen } = await acceptService("listen: ['127.0.0.1:8000', '[::1]:81', '*:82', './a.sock', '/run/b.sock']");
  expect(listen).toEqual([
    { kind: 'tcp', host: '127.0.0.1', port: 8000, name: '8000' },
    { kind: 'tcp', host: '::1', port: 81, name: '81' },
    { kind: 'tcp', host: '0.0.0.0', port: 82, name: '82' },
    { kind: 'unix', path: '/project/a.sock', name: 'a.sock' },
    { kind: 'unix', path: '/run/b.sock', name: 'b.sock' },
  ]);
});

test.each([
  ["listen: ['127.0.0.1:0']", /no port from 1/],
  ["listen: ['127.0.0.1:70000']", /no port from 1/],
  ['listen: [api]', /neither an address nor a path/],
  ["port: 80, listen: ['127.0.0.1:${PORT}']", /the whole pool shares the socket, but "PORT" differs/],
  ["listen: ['127.0.0.1:80', '127.0.0.1:80']", /which it names already/],
  [`listen: [./${'x'.repeat(120)}.sock]`, /too long/],
])('%s is refused', async (rest, message) => expect(await problemOf(rest)).toMatch(message));

test('one socket belongs to one service', async () => {
  const result = await load(
    "services: { a: { command: [a], listen: [./s] }, b: { command: [b], listen: ['s/../s'] } }",
  );
  expect(result.ok ? [] : result.problems).toMatchObject([
    { code: 'listen-twice', message: '"b" listens on /project/s, which "a" has (procs.yaml:1)' },
  ]);
});

test('unused keys do not change the hash', async () => {
  const plain = await acceptService('cwd: .');
  expect(Object.keys(restartPart(plain))).toEqual(['command', 'cwd', 'env', 'port', 'singleton']);
  expect((await acceptService('listen: [./s]')).specHash).not.toBe(plain.specHash);
});

test('schedule: a line or a map', async () => {
  expect((await acceptService("schedule: '*/5 * * * *'")).schedule).toEqual({
    cron: '*/5 * * * *',
    timeZone: 'UTC',
    catchUp: false,
    overlap: 'skip',
  });
  const full = "schedule: { cron: '0 3 * * *', time_zone: Europe/Berlin, catch_up: true, overlap: replace }";
  expect((await acceptService(full)).schedule).toMatchObject({
    timeZone: 'Europe/Berlin',
    catchUp: true,
    overlap: 'replace',
  });
});

test('schedule: even gaps, a first run at once, and the zone of the machine', async () => {
  expect((await acceptService('schedule: { every: 45s, at_start: true }')).schedule).toEqual({
    everyMs: 45_000,
    atStart: true,
    catchUp: false,
    overlap: 'skip',
  });
  expect((await acceptService("schedule: { cron: '0 3 * * *', time_zone: local }")).schedule).toMatchObject({
    cron: '0 3 * * *',
    timeZone: 'local',
  });
});

test.each([
  ["schedule: '99 * * * *'", /"99 \* \* \* \*" is not a valid schedule: /],
  ['schedule: soon', /is not a valid schedule: /],
  ["schedule: '0 0 30 2 *'", /it never matches/],
  ["schedule: { cron: '0 3 * * *', time_zone: Mars/Olympus }", /"Mars\/Olympus" is not a valid time zone/],
  ["schedule: '0 3 * * *', restart: always", /`restart: always` does not go with `schedule`/],
])('%s is refused', async (rest, message) => expect(await problemOf(rest)).toMatch(message));

test('timeout and restart.cron', async () => {
  expect(await acceptService('timeout: 10m')).toMatchObject({ timeoutMs: 600_000 });
  expect((await acceptService("restart: { cron: '0 4 * * *' }")).restart.times).toEqual({
    cron: '0 4 * * *',
    timeZone: 'UTC',
  });
  const plain = await acceptService('cwd: .');
  expect(plain).toMatchObject({ timeoutMs: null });
  expect('times' in plain.restart).toBe(false);
});

test('watch: a list of globs or a map', async () => {
  const { watch } = await acceptService("watch: ['./src/**/*.ts']");
  expect(watch).toEqual({ paths: ['src/**/*.ts'], ignore: [], debounceMs: 200, action: { kind: 'restart' } });
  expect((await acceptService("watch: [src, '../lib/**', '!src/gen']")).watch).toMatchObject({
    paths: ['src', '../lib/**'],
    ignore: ['src/gen'],
  });
  const full = 'watch: { paths: [a], ignore: [b], debounce: 1s, action: signal, signal: HUP }';
  expect((await acceptService(full)).watch).toMatchObject({
    debounceMs: 1000,
    action: { kind: 'signal', signal: 'SIGHUP' },
  });
  expect((await acceptService('watch: { paths: [a], action: run, run: make }')).watch?.action).toEqual({
    kind: 'run',
    command: { kind: 'shell', line: 'make' },
  });
});

test.each([
  ['watch: []', /names no files/],
  ["watch: ['src/*/../lib']", /`..` follows a wildcard/],
  ["watch: ['!src/**']", /names no files/],
  ['watch: { paths: [a], action: run }', /needs `run`/],
  ['watch: { paths: [a], signal: SIGHUP }', /`signal` has no effect with `action: restart`/],
  ['limits: { memory: 5KiB }', /"5KiB" is too small/],
])('%s is refused', async (rest, message) => expect(await problemOf(rest)).toMatch(message));

test('hooks, limits, profiles, stdin', async () => {
  const spec = await acceptService(
    "hooks: { before_start: [migrate], after_exit: 'echo $X' }, limits: { memory: 1GiB, nofile: 64 }, stdin: true",
  );
  expect(spec).toMatchObject({
    hooks: { beforeStart: { argv: ['migrate'] }, afterReady: null, afterExit: { line: 'echo $X' } },
    limits: { memory: { maxBytes: 2 ** 30, action: 'restart' }, nofile: 64, nice: null },
    stdin: true,
  });
});
