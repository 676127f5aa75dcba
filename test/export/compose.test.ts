// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml and of docker compose
// What services become in a compose file: each test shows the keys that a reader would look for.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { exported } from './exporting.ts';

async function composed(services: string, options: Parameters<typeof exported>[2] = {}) {
  const result = await exported('compose', { 'procs.yaml': services, key: 'x', '.env': 'A=1\n' }, options);
  const outcomes = Object.fromEntries(result.findings.map(({ path, outcome, reason }) => [path, [outcome, reason]]));
  const text = result.files['compose.yaml']!;
  return { text, outcomes, ...(parse(text, { merge: true }) as { services: Record<string, Record<string, unknown>> }) };
}

test('the file as a person would write it', async () => {
  const { text } = await composed(
    [
      'name: shop',
      'services:',
      '  db: { command: [postgres, -D, data], readiness: { tcp: 5432 } }',
      '  api: { description: the API, command: node server.js, cwd: api, port: 8000, depends_on: { db: ready } }',
      '',
    ].join('\n'),
    { images: { '': 'node:22', db: 'postgres:17' } },
  );
  expect(text).toBe(`name: shop

x-service: &service
  init: true
  network_mode: host
  volumes: [.:/app]
  restart: on-failure
  logging: { driver: json-file, options: { max-size: 64m, max-file: "6" } }

services:
  db:
    <<: *service
    image: postgres:17
    entrypoint: [postgres, -D, data]
    working_dir: /app
    healthcheck:
      test: [CMD-SHELL, "nc -z 127.0.0.1 5432 || bash -c ': < /dev/tcp/127.0.0.1/5432'"]
      interval: 1s
      timeout: 1s
      retries: 3
      start_period: 5m
      start_interval: 1s

  # the API
  api:
    <<: *service
    image: node:22
    entrypoint: [/bin/sh, -c, exec node server.js]
    working_dir: /app/api
    environment: { PORT: "8000" }
    depends_on: { db: { condition: service_healthy } }
`);
});

test('one service needs nothing to share, and an image that is not known is built', async () => {
  const { text } = await composed('name: one\nservices: { api: { command: [node, a.js] } }\n');
  expect(text).not.toContain('x-service');
  expect(text).toContain('# Needs a Dockerfile with the programs; `--image` names an image instead.\n    build: .\n');
});

test('instances with numbers are services of their own, which others wait for', async () => {
  const { services, outcomes } = await composed(
    [
      'services:',
      '  api: { command: [node, "s${ORCH_INDEX}.js"], pool: 2, port: 80, readiness: { http: "http://127.0.0.1:${PORT}/" } }',
      '  web: { command: [vite], depends_on: { api: ready } }',
      '  jobs: { command: [jobs], pool: 3 }',
      '',
    ].join('\n'),
  );
  expect(Object.keys(services).sort()).toEqual(['api.1', 'api.2', 'jobs', 'web']);
  expect(services['api.2']).toMatchObject({
    extends: { service: 'api.1' },
    entrypoint: ['node', 's1.js'],
    environment: { ORCH_INSTANCE: '2', ORCH_INDEX: '1', PORT: '81' },
    healthcheck: { test: ['CMD-SHELL', expect.stringContaining('http://127.0.0.1:81/')] },
  });
  expect(Object.keys(services['api.2']!.healthcheck as object)).toEqual(['test']);
  const healthy = { condition: 'service_healthy' };
  expect(services.web!.depends_on).toEqual({ 'api.1': healthy, 'api.2': healthy });
  expect(services.jobs!.deploy).toEqual({ replicas: 3 });
  expect(outcomes['services.jobs.pool']).toEqual(['nearly', expect.stringContaining('do not know their number')]);
});

test.each([
  ['node a.js "$X"', ['/bin/sh', '-c', 'exec node a.js "$$X"'], undefined],
  ['node a.js && echo $?', ['/bin/sh', '-c', 'node a.js && echo $$?'], '1'],
])('a shell that runs %s passes the signal on', async (line, entrypoint, group) => {
  const { services } = await composed(`services: { api: { command: ${JSON.stringify(line)} } }\n`);
  expect(services.api!.entrypoint).toEqual(entrypoint);
  expect((services.api!.environment as Record<string, string> | undefined)?.TINI_KILL_PROCESS_GROUP).toBe(group);
});

test('paths of the project are those of the container, and no others', async () => {
  const { services, outcomes } = await composed(
    'services: { api: { command: [run, /project/a, /projects/b, "--c=/project"], cwd: ../lib, env: { D: "file:///project/d" } } }\n',
  );
  expect(services.api).toMatchObject({
    entrypoint: ['run', '/app/a', '/projects/b', '--c=/app'],
    working_dir: '/lib',
    volumes: ['.:/app', '../lib:/lib'],
    environment: { D: 'file:///app/d' },
  });
  expect(outcomes['services.api.cwd']).toEqual(['nearly', '/lib is mounted as it is here']);
});

test('secrets come from files, or from the environment of docker compose', async () => {
  const { services, text, outcomes } = await composed(
    [
      'services:',
      '  api:',
      '    command: [node, a.js]',
      '    env:',
      '      KEY: { secret: ./key }',
      '      OTHER: { secret: { env: THE_OTHER } }',
      '      TOKEN: { secret: { command: [op, read, x] } }',
      '      API_TOKEN: "Bearer ${API_TOKEN}"',
      '      DB_PASSWORD: ${DB_PASSWORD:-dev}',
      '',
    ].join('\n'),
    { environment: { API_TOKEN: 'hidden', THE_OTHER: 'hidden', DB_PASSWORD: 'hidden' } },
  );
  expect(text).not.toContain('hidden');
  expect(text).toContain('secrets:\n  key: { file: ./key }\n');
  expect(services.api).toMatchObject({
    secrets: ['key'],
    entrypoint: ['/bin/sh', '-c', 'export KEY="$$(cat /run/secrets/key)" && exec node a.js'],
    environment: {
      OTHER: '${THE_OTHER:?set it in the shell or in .env}',
      TOKEN: '${TOKEN:?set it in the shell or in .env}',
      API_TOKEN: 'Bearer ${API_TOKEN:?set it in the shell or in .env}',
      DB_PASSWORD: '${DB_PASSWORD:-dev}',
    },
  });
  expect(outcomes['services.api.env']).toEqual([
    'nearly',
    expect.stringContaining('docker compose takes THE_OTHER, TOKEN, API_TOKEN, DB_PASSWORD from its own environment'),
  ]);
});

test('what is not started by itself has a profile, and others do not need it', async () => {
  const { services } = await composed(
    [
      'services:',
      '  debug: { command: [a], profiles: [debug] }',
      '  hand: { command: [b], start: manual }',
      '  night: { command: [c], restart: never, schedule: { cron: "0 3 * * *" } }',
      '  api: { command: [d], depends_on: { debug: started, hand: started, night: completed } }',
      '  tool: { command: [e], profiles: [debug], depends_on: [debug] }',
      '',
    ].join('\n'),
  );
  expect([services.debug, services.hand, services.night].map((one) => one!.profiles)).toEqual([
    ['debug'],
    ['manual'],
    ['scheduled'],
  ]);
  expect(services.api!.depends_on).toEqual({
    debug: { condition: 'service_started', required: false },
    hand: { condition: 'service_started', required: false },
    night: { condition: 'service_completed_successfully', required: false },
  });
  expect(services.tool!.depends_on).toEqual(['debug']);
});

test('a port that orch chooses is unknown to docker compose', async () => {
  const { services, outcomes } = await composed(
    [
      'services:',
      '  auth: { command: [a], port: auto, readiness: { tcp: "${PORT}" } }',
      '  api: { command: [b, "${auth.port}"], depends_on: { auth: ready } }',
      '',
    ].join('\n'),
  );
  expect(outcomes['services.api.command']).toEqual(['not carried', 'auth.port: orch chooses it, and 0 is written']);
  expect(services.auth).not.toHaveProperty('healthcheck');
  expect(services.api!.depends_on).toEqual(['auth']);
});

test('a service that runs docker is left out, and others do not wait for it', async () => {
  const { services, outcomes } = await composed(
    'services: { db: { command: docker run postgres }, api: { command: [a], depends_on: { db: started } } }\n',
  );
  expect(Object.keys(services)).toEqual(['api']);
  expect(services.api).not.toHaveProperty('depends_on');
  expect(outcomes['services.db']![0]).toBe('not carried');
  expect(outcomes['services.api.depends_on']).toEqual(['nearly', 'db is left out']);
});
