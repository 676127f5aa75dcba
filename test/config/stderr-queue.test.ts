// `stderr_queue`: stderr apart from stdout.
import { expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml } from '../../src/config/print-yaml.ts';
import { diffServices } from '../../src/plan/diff-services.ts';
import { accept, acceptService, loadWithTree, refuse } from './loading.ts';

const queuesOf = async (text: string | Record<string, string>, env: string | null = null) => {
  const { services, logQueues } = await accept(text, { env });
  const paths = Object.fromEntries(logQueues.map(({ name, path }) => [name, path]));
  return services.map(({ logQueue, stderrQueue }) => [
    paths[logQueue],
    stderrQueue === null ? null : paths[stderrQueue],
  ]);
};

test('by name, or written in the service; without it, stderr goes where stdout goes', async () => {
  const text = `
log_queues: { errors: {} }
services:
  a: { command: [x], stderr_queue: errors }
  b: { command: [x], log_queue: { path: b.log }, stderr_queue: { path: b.err.log } }
  c: { command: [x], stderr_queue: {} }
  d: { command: [x], log_queue: errors, stderr_queue: default }
  e: { command: [x] }
`;
  const own = '/project/.orch/logs';
  expect(await queuesOf(text)).toEqual([
    [`${own}/default.log`, `${own}/errors.log`],
    ['/project/b.log', '/project/b.err.log'],
    [`${own}/default.log`, `${own}/c-stderr.log`],
    [`${own}/errors.log`, `${own}/default.log`],
    [`${own}/default.log`, null],
  ]);
  const { built } = await loadWithTree(text);
  const printed = printYaml(effectiveTree(built!, { defaults: false }), null);
  expect((await accept(printed)).logQueues).toEqual((await accept(text)).logQueues);
});

test('an overlay puts the streams together again', async () => {
  const files = {
    'procs.yaml': 'services: { a: { command: [x], log_queue: { path: a.log }, stderr_queue: { path: a.err } } }\n',
    'procs.dev.yaml': 'services: { a: { stderr_queue: null } }\n',
  };
  expect(await queuesOf(files, 'dev')).toEqual([['/project/a.log', null]]);
});

test('it is live: the spec hash stays, and a plan shows it', async () => {
  const [before, after] = await Promise.all(
    ['', ', stderr_queue: {}'].map((more) => acceptService(`services: { a: { command: [x]${more} } }\n`)),
  );
  expect(after!.specHash).toBe(before!.specHash);
  expect(diffServices(before!, after!)).toEqual([{ key: 'stderr_queue', class: 'live', from: null, to: 'a-stderr' }]);
});

test.each([
  ['services: { a: { command: [x], stderr_queue: errors } }', ['unknown-log-queue:1']],
  ['log_queues: { a-stderr: {} }\nservices: { a: { command: [x], stderr_queue: {} } }', ['duplicate-queue:2']],
  ['services: { a: { command: [x], log_queue: { path: a }, stderr_queue: { path: a } } }', ['same-file:1']],
  ['services: { a: { command: [x], stderr_queue: [b] } }', ['wrong-type:1']],
  ['services: { a: { command: [x], stderr_queue: b, tty: true } }\nlog_queues: { b: {} }', ['tty-clash:1']],
  ['log_queues: { q: { sink: { service: s } } }\nservices: { s: { command: [x], stderr_queue: q } }', ['bad-sink:2']],
])('%s', async (text, problems) => {
  expect(await refuse(text)).toEqual(problems);
});

test('a service starts after the reader of its stderr', async () => {
  const { services } = await accept(
    'log_queues: { q: { sink: { service: s } } }\nservices: { a: { command: [x], stderr_queue: q }, s: { command: [x] } }\n',
  );
  expect(services[0]!.dependsOn).toEqual([{ service: 's', condition: 'started', onLoss: 'ignore' }]);
});
