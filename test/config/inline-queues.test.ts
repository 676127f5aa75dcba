// A log queue written within its service: one queue of the same name, wherever the keys come from.
import { expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml } from '../../src/config/print-yaml.ts';
import { accept, load, loadWithTree, refuse } from './loading.ts';

const pathsOf = async (yaml: string | Record<string, string>, env: string | null = null) => {
  const { services, logQueues } = await accept(yaml, { env });
  const paths = new Map(logQueues.map(({ name, path }) => [name, path]));
  return Object.fromEntries(services.map(({ name, logQueue }) => [name, `${logQueue} ${paths.get(logQueue)}`]));
};

test('a queue within a service has the name of the service', async () => {
  const yaml = 'services:\n  api: { command: x, log_queue: { path: logs/api.log } }\n  db: { command: x }\n';
  expect(await pathsOf(yaml)).toEqual({
    api: 'api /project/logs/api.log',
    db: 'default /project/.orch/logs/default.log',
  });
});

test('defaults give each service a queue of its own, an overlay replaces or adds to it', async () => {
  const files = {
    'procs.yaml':
      'defaults: { log_queue: { format: json } }\nservices:\n  api: { command: x }\n  db: { command: x, log_queue: { path: db.log } }\n',
    'procs.one.yaml':
      'log_queues: { all: {} }\ndefaults: { log_queue: all }\nservices: { db: { log_queue: { format: raw } } }\n',
  };
  expect(await pathsOf(files)).toEqual({ api: 'api /project/.orch/logs/api.log', db: 'db /project/db.log' });
  expect((await accept(files)).logQueues.map(({ format }) => format)).toEqual(['json', 'json']);
  expect(await pathsOf(files, 'one')).toEqual({ api: 'all /project/.orch/logs/all.log', db: 'db /project/db.log' });
});

test('the effective configuration loads to the same queues', async () => {
  const yaml = 'services:\n  api: { command: x, log_queue: { path: a.log, rotate: { keep: 2 } } }\n';
  const { built } = await loadWithTree(yaml);
  const printed = printYaml(effectiveTree(built!, { defaults: false }), null);
  expect((await accept(printed)).logQueues).toEqual((await accept(yaml)).logQueues);
});

test('mistakes have their place within the service', async () => {
  const queue = (text: string): string => `services:\n  api:\n    command: x\n    log_queue: ${text}\n`;
  expect(await refuse(`${queue('{ path: a.log }')}log_queues:\n  api: {}\n`)).toEqual(['duplicate-queue:4']);
  expect(await refuse(`${queue('{ path: a.log }')}  db: { command: x, log_queue: { path: a.log } }\n`)).toHaveLength(1);
  expect(await refuse(queue('{ path: "a-$' + '{PORT}.log" }'))).toContain('bad-value:4');
  const result = await load(queue('{ pth: a.log }'));
  expect(result.ok ? [] : result.problems.map(({ hint }) => hint)).toEqual(['did you mean "path"?']);
});
