// Probes, roll-outs, dependencies and stops as they are written, and the messages for invalid ones.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { describe, expect, test } from 'vitest';
import { acceptService, load } from './loading.ts';

const environment = { PATH: process.env.PATH ?? '' };
const service = (more: string) =>
  acceptService(`services:\n  api:\n    command: [a]\n    port: 8000\n    ${more}\n`, { environment });
const problems = async (more: string): Promise<string[]> => {
  const result = await load(`services:\n  api:\n    command: [a]\n    port: 8000\n    ${more}\n`);
  if (result.ok) throw new Error('it is loaded');
  return result.problems.map(({ message }) => message);
};

describe('probes', () => {
  test('defaults, and every kind of check', async () => {
    expect((await service('enabled: true')).readiness).toBeNull();
    const { readiness } = await service(
      'readiness: { http: "http://127.0.0.1:${PORT}/", tcp: 80, unix: run/api.sock, log: "up$$", notify: true, delay: 2s, exec: "test -e $HOME" }',
    );
    expect(readiness).toEqual({
      checks: [
        { kind: 'http', url: 'http://127.0.0.1:${PORT}/', status: null, headers: {}, body: null },
        { kind: 'tcp', address: '80' },
        { kind: 'unix', path: '/project/run/api.sock' },
        { kind: 'log', pattern: 'up$' },
        { kind: 'notify' },
        { kind: 'delay', delayMs: 2_000 },
        { kind: 'exec', command: { kind: 'shell', line: 'test -e $HOME' } },
      ],
      everyMs: 1_000,
      timeoutMs: 1_000,
      successes: 1,
      failures: 3,
      initialDelayMs: 0,
    });
  });

  test('a change of them needs no new process', async () => {
    const [bare, probed] = [await service('enabled: true'), await service('liveness: { tcp: "${PORT}" }')];
    expect(probed.specHash).toBe(bare.specHash);
  });

  test.each([
    ['readiness: { every: 1s }', '`readiness` checks nothing'],
    ['readiness: { notify: false }', '`readiness` checks nothing'],
    ['readiness: { notify: true }', /needs perl or python3 to hold its socket, and neither is on PATH/],
    ['readiness: { tcp: nowhere }', '"nowhere" is not a port or host:port'],
    ['readiness: { http: "ftp://x" }', '"ftp://x" is not a valid HTTP URL'],
    ['readiness: { http: localhost }', '"localhost" is not a valid HTTP URL'],
    [
      'readiness: { http: "http://${ORCH_INSTANCE_ID}:80/" }',
      '"http://${ORCH_INSTANCE_ID}:80/" is not a valid HTTP URL for api.1, where it is "http://api.1:80/"',
    ],
    [
      'startup: { http: { url: "http://x:6553${ORCH_INSTANCE}/" } }\n    pool: 6',
      '"http://x:6553${ORCH_INSTANCE}/" is not a valid HTTP URL for api.6, where it is "http://x:65536/"',
    ],
    [
      'stop: { drain: { http: "http://x:6553${ORCH_INSTANCE}/" } }\n    pool: 4\n    rollout: { max_surge: 50% }',
      '"http://x:6553${ORCH_INSTANCE}/" is not a valid HTTP URL for api.6, where it is "http://x:65536/"',
    ],
    [
      'liveness: { tcp: "6553${ORCH_INSTANCE}" }\n    pool: 6',
      '"6553${ORCH_INSTANCE}" is not a port or host:port for api.6, where it is "65536"',
    ],
    ['liveness: { tcp: "65536" }', '"65536" is not a port or host:port'],
    ['readiness: { log: "(" }', /"\(" cannot be used as a pattern: .*Unterminated group/],
    ['readiness: { log: "(?=a)b" }', '"(?=a)b" cannot be used as a pattern: it could take very long on some lines'],
    ['readiness: { http: { url: "http://x", body: "(a)\\\\1" } }', /cannot be used as a pattern/],
    ['liveness: { log: up }', '`log` cannot detect that a program has stopped working'],
    ['liveness: { delay: 1s }', '`delay` cannot detect that a program has stopped working'],
  ])('%s is refused', async (text, message) => {
    expect(await problems(text)).toEqual([typeof message === 'string' ? message : expect.stringMatching(message)]);
  });
});

describe('roll-outs', () => {
  const expected = {
    maxUnavailable: { kind: 'count', count: 0 },
    maxSurge: { kind: 'percent', percent: 50 },
    minReadyMs: 5_000,
    deadlineMs: 60_000,
    onFailure: 'rollback',
  };
  const written = '{ max_unavailable: 0, max_surge: 50%, min_ready: 5s, deadline: 1m, on_failure: rollback }';

  test('next to the pool or inside it', async () => {
    expect((await service(`rollout: ${written}`)).rollout).toEqual(expected);
    expect(await service(`pool: { size: 3, rollout: ${written} }`)).toMatchObject({ pool: 3, rollout: expected });
  });

  test('a quarter at a time by default', async () => {
    expect((await service('pool: 4')).rollout).toEqual({
      maxUnavailable: { kind: 'percent', percent: 25 },
      maxSurge: { kind: 'count', count: 0 },
      minReadyMs: 1_000,
      deadlineMs: 600_000,
      onFailure: 'pause',
    });
  });

  test.each([
    ['rollout: { max_unavailable: 0 }', /a roll-out could never replace one/],
    ['rollout: { max_unavailable: 0%, max_surge: 0 }', /a roll-out could never replace one/],
    [`rollout: ${written}\n    pool: { rollout: ${written} }`, /written twice/],
    ['rollout: { max_surge: 101% }', /a share of the pool such as 25%|a share such as 25%/],
    ['singleton: true\n    rollout: { max_surge: 1, max_unavailable: 0 }', /singleton and cannot have a `max_surge`/],
  ])('%s is refused', async (text, message) => {
    expect((await problems(text)).join('\n')).toMatch(message);
  });

  test('instances that a roll-out adds need ports, too', async () => {
    const two = (surge: number) =>
      load(
        `services:\n  a: { command: [a], port: 80, pool: 2, rollout: { max_surge: ${surge} } }\n  b: { command: [b], port: 83 }\n`,
      );
    expect(await two(1)).toMatchObject({ ok: true });
    expect(await two(2)).toMatchObject({ ok: false, problems: [{ code: 'port-overlap' }] });
  });
});

describe('stops', () => {
  test('everything at once', async () => {
    const { stop } = await service(
      'stop: { signal: INT, to: main, grace: 10s, command: [stop-it, "${PORT}"], escalate: [{ signal: TERM, after: 5s }], drain: { http: "http://x:${PORT}/", timeout: 1m } }',
    );
    expect(stop).toEqual({
      signal: 'SIGINT',
      to: 'main',
      graceMs: 10_000,
      command: { kind: 'argv', argv: ['stop-it', '${PORT}'] },
      escalate: [{ signal: 'SIGTERM', afterMs: 5_000 }],
      drain: { by: { kind: 'http', url: 'http://x:${PORT}/' }, timeoutMs: 60_000 },
    });
  });

  test.each([
    ['stop: { drain: { timeout: 1s } }', '`drain` needs one of signal, http, exec'],
    ['stop: { drain: { signal: USR1, exec: "true" } }', '`drain` needs one of signal, http, exec'],
    ['stop: { drain: { http: "/drain" } }', '"/drain" is not a valid HTTP URL'],
    ['stop: { drain: { signal: SIGNAL } }', '"SIGNAL" is not a signal that can stop a program'],
    [
      'stop: { grace: 2s, escalate: [{ signal: INT, after: 1s }, { signal: QUIT, after: 1s }] }',
      'the last step comes 2s after the first signal, SIGKILL after 2s',
    ],
  ])('%s is refused', async (text, message) => {
    expect(await problems(text)).toEqual([message]);
  });
});

test('the effect of a lost dependency', async () => {
  const text =
    'services:\n  api: { command: [a], depends_on: { db: { condition: ready, on_loss: hold } } }\n  db: { command: [b] }\n';
  expect((await acceptService(text)).dependsOn).toEqual([{ service: 'db', condition: 'ready', onLoss: 'hold' }]);
});
