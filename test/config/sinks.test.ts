// Log queues that feed a service: their normal form, and that of the services on both sides.

import { expect, test } from 'vitest';
import { inputPath, projectPaths } from '../../src/api/paths.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { accept, load, refuse } from './loading.ts';

const YAML = `
log_queues:
  main: { sink: { service: collector }, format: json }
services:
  api: { command: x, log_queue: main }
  db: { command: x, log_queue: main, depends_on: { collector: ready } }
  collector: { command: cat, stop: { grace: 3s } }
`;

const named = (services: ServiceSpec[], name: string) => services.find((spec) => spec.name === name)!;

test('the queue leads into the stdin of its service, is not rotated, and starts its producers later', async () => {
  const { services, logQueues } = await accept(YAML);
  expect(logQueues.find(({ name }) => name === 'main')).toMatchObject({
    sink: 'collector',
    path: inputPath(projectPaths('/project'), 'collector.1'),
    rotate: { sizeBytes: 0, everyMs: 0 },
  });
  const collector = named(services, 'collector');
  expect(collector.stdin).toBe(true);
  expect(collector.stop.drain).toEqual({ by: { kind: 'end_of_input', queue: 'main' }, timeoutMs: 3000 });
  expect(named(services, 'api').dependsOn).toEqual([{ service: 'collector', condition: 'started', onLoss: 'ignore' }]);
  expect(named(services, 'db').dependsOn).toEqual([{ service: 'collector', condition: 'ready', onLoss: 'ignore' }]);
});

test('only its reader needs a new process when a queue gets a sink', async () => {
  const before = (await accept(YAML.replace('sink: { service: collector }, ', ''))).services;
  const after = (await accept(YAML)).services;
  const changed = after.filter((spec) => spec.specHash !== named(before, spec.name).specHash);
  expect(changed.map(({ name }) => name)).toEqual(['collector']);
});

test.for([
  ['a service that is not there', 'collector }', 'colector }', ['unknown-service:3'], 'did you mean "collector"?'],
  ['one that writes what it reads', 'command: cat,', 'command: cat, log_queue: main,', ['bad-sink:7'], 'log_queue'],
  [
    'one that is switched off',
    'command: cat,',
    'command: cat, enabled: false,',
    ['bad-sink:7', 'waits-forever:6'],
    'enabled: true',
  ],
  ['a pool', 'command: cat,', 'command: cat, pool: 2,', ['bad-sink:7'], 'pool: 1'],
  ['a drain of its own', 'grace: 3s', 'drain: { signal: SIGUSR1 }', ['bad-sink:7'], 'grace'],
  ['a schedule', 'command: cat,', 'command: cat, schedule: "@daily",', ['bad-sink:7'], 'schedule'],
  ['a file as well', 'format: json', 'path: x.log', ['bad-sink:3'], 'remove `path`'],
  ['rotation', 'format: json', 'rotate: { keep: 2 }', ['bad-sink:3'], 'remove `rotate`'],
  ['a second queue', 'services:', '  more: { sink: { service: collector } }\nservices:', ['bad-sink:4'], 'one queue'],
] as const)('refused: %s', async ([, from, to, codes, hint]) => {
  const yaml = YAML.replace(from, to);
  expect(yaml).not.toBe(YAML);
  expect(await refuse(yaml)).toEqual(codes);
  const { problems } = (await load(yaml)) as { problems: { hint: string | null }[] };
  expect(problems[0]!.hint).toContain(hint);
});

test('a reader that waits for a service that it reads is a cycle', async () => {
  const yaml = YAML.replace('command: cat,', 'command: cat, depends_on: [api],');
  expect(await refuse(yaml)).toEqual(['dependency-cycle:5']);
});
