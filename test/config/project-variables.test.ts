// ORCH_ENV and ORCH_PROJECT are known at load: every value may use them, and `-e` sets ORCH_ENV.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { formatProblems } from '../../src/config/problem/format-problems.ts';
import { accept, load, memorySource } from './loading.ts';

/** With an overlay for each, as `-e` asks for one. */
const overlays = { 'procs.prod.yaml': '{}', 'procs.dev.yaml': '{}' };
const withEnv = (text: string, files: Record<string, string> = {}, env: string | null = 'prod') =>
  accept(
    { 'procs.yaml': text, ...overlays, ...files },
    { env, environment: { ORCH_ENV: 'dev', ORCH_PROJECT: 'outer' } },
  );

test('singleton keys, pid files and log queues', async () => {
  const { services, logQueues } = await withEnv(`name: shop
log_queues: { main: { path: "logs/\${ORCH_PROJECT}-\${ORCH_ENV}.log" } }
services:
  a: { command: [a, "\${ORCH_ENV}"], log_queue: main, singleton: { key: "x-\${ORCH_ENV}", pid_file: "run/\${ORCH_ENV}.pid" } }
`);
  expect(services[0]!.singleton).toMatchObject({ key: 'x-prod', pidFile: '/project/run/prod.pid' });
  expect(services[0]!.command).toMatchObject({ argv: ['a', 'prod'] });
  expect(logQueues[0]!.path).toBe('/project/logs/shop-prod.log');
});

test('without an environment it is empty, and a default applies', async () => {
  const text = 'services: { a: { command: [a, "x${ORCH_ENV}"], singleton: { key: "${ORCH_ENV:-none}" } } }';
  const { services } = await withEnv(text, {}, null);
  expect(services[0]).toMatchObject({ command: { argv: ['a', 'x'] }, singleton: { key: 'none' } });
});

test('env files of the project and of services', async () => {
  const text = 'env_files: ["?.env.${ORCH_ENV}"]\nservices: { a: { command: a, env_files: ["a.${ORCH_ENV}"] } }';
  const { services } = await withEnv(text, { '.env.prod': 'A=prod', '.env.dev': 'A=dev', 'a.prod': 'B=prod' });
  expect(services[0]!.env).toEqual({ A: 'prod', B: 'prod' });
});

test('included files', async () => {
  const files = { 'conf-prod.yaml': 'env: { A: prod }', 'conf-dev.yaml': 'env: { A: dev }' };
  const text = 'include: ["conf-${ORCH_ENV}.yaml"]\nservices: { a: { command: a } }';
  expect((await withEnv(text, files)).services[0]!.env).toEqual({ A: 'prod' });
});

test('the name may hold the environment, and is the folder where there is none', async () => {
  const services = 'services: { a: { command: a, singleton: { key: "${ORCH_PROJECT}" } } }';
  const named = await withEnv(`name: "shop-\${ORCH_ENV}"\n${services}`);
  expect([named.project, named.services[0]!.singleton?.key]).toEqual(['shop-prod', 'shop-prod']);
  expect((await withEnv(services)).services[0]!.singleton?.key).toBe('project');
});

test.for([
  ['name: "x-${ORCH_PROJECT}"\nservices: {}', 'the variable ORCH_PROJECT is not defined'],
  ['include: ["${ORCH_PROJECT}.yaml"]\nservices: {}', 'the variable ORCH_PROJECT is not defined'],
  ['env_files: ["${ORCH_PROJECT}.env"]\nservices: {}', 'the variable ORCH_PROJECT is not defined'],
  [
    'services: { a: { command: a, singleton: { key: "${ORCH_INSTANCE}" } } }',
    '`singleton.key` is the same for all instances, but "ORCH_INSTANCE" is not',
  ],
  [
    'services: { a: { command: a, port: 1, singleton: { pid_file: "${PORT}" } } }',
    '`singleton.pid_file` is the same for all instances, but "PORT" is not',
  ],
  [
    'services: { a: { command: a, env_files: ["?${ORCH_SERVICE}.env"] } }',
    '`env_files` is the same for all instances, but "ORCH_SERVICE" is not',
  ],
  [
    'log_queues: { q: { path: "${ORCH_SERVICE:-x}" } }\nservices: {}',
    '`path` is the same for all instances, but "ORCH_SERVICE" is not',
  ],
])('%s is refused', async ([text, message]) => {
  const source = memorySource(text!);
  const result = await loadConfig({
    file: '/project/procs.yaml',
    env: null,
    environment: { ORCH_PROJECT: 'outer' },
    source,
  });
  expect(result.ok).toBe(false);
  expect(formatProblems(result.ok ? [] : result.problems)).toContain(message);
});

test('an include that needs an environment reports it', async () => {
  const result = await load('include: ["conf-${ORCH_ENV}.yaml"]\nservices: {}');
  expect(result.ok).toBe(false);
});
