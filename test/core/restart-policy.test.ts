// Tables for src/core/restart-policy.ts: rows of state, input and what must follow.

import { describe, expect, it, test } from 'vitest';
import { backoffMs, decideRestart, describeExit, type ProcessEnd } from '../../src/core/restart-policy.ts';
import type { Exit } from '../../src/core/slot.ts';
import type { RestartPolicy } from '../../src/core/spec.ts';
import { slotOf, spec } from './fixtures.ts';

const base: RestartPolicy = {
  policy: 'on_failure',
  backoff: { initialMs: 100, maxMs: 1_000, factor: 2 },
  limit: null,
  healthyAfterMs: 10_000,
};
const slotWith = (restart: Partial<RestartPolicy>, changes = {}) =>
  slotOf(spec('api', { restart: { ...base, ...restart } }), 1, changes);

const death = (exit: Exit, changes: Partial<ProcessEnd> = {}): ProcessEnd => ({
  exit,
  aliveMs: 0,
  countsAsFailure: true,
  unhealthy: null,
  ...changes,
});

test.each([
  ['never', { code: 0 }, { kind: 'failed', reason: 'timed out after 5 s and is never restarted' }],
  ['never', { signal: 'SIGTERM' }, { kind: 'failed' }],
  ['on_failure', { code: 0 }, { kind: 'backoff', because: 'timed out after 5 s', isTimeout: true }],
  ['always', { signal: 'SIGKILL' }, { kind: 'backoff', isTimeout: true }],
] as const)('a run that took too long has failed: %s, %j', (policy, exit, phase) => {
  const end = death(exit, { aliveMs: 60_000, timedOut: 'timed out after 5 s' });
  expect(decideRestart(slotWith({ policy }, { failures: 1 }), end, 0)).toMatchObject({ phase, failures: 2 });
});

test('runs that take too long reach the limit, however long they were', () => {
  const end = death({ code: 0 }, { aliveMs: 60_000, timedOut: 'timed out after 5 s' });
  const slot = slotWith({ limit: { count: 1, withinMs: null } }, { failures: 1, recentFailuresMs: [0] });
  expect(decideRestart(slot, end, 60_000).phase).toMatchObject({
    kind: 'failed',
    reason: 'failed 2 times in a row, last timed out after 5 s: given up',
  });
});

describe('endingOf', () => {
  const ok: Exit = { code: 0 };
  const bad: Exit = { code: 1 };
  const background: Exit = { code: 0, because: 'processes of it still run' };
  it.each([
    ['on_failure', ok, 'completed'],
    ['on_failure', bad, 'backoff'],
    ['on_failure', { signal: 'SIGKILL' }, 'backoff'],
    ['never', ok, 'completed'],
    ['never', bad, 'failed'],
    ['never', { unknown: true }, 'failed'],
    ['always', ok, 'backoff'],
    ['on_failure', background, 'failed'],
    ['always', background, 'backoff'],
    ['always', bad, 'backoff'],
  ] as [RestartPolicy['policy'], Exit, string][])('%s after %j: %s', (policy, exit, expected) => {
    expect(decideRestart(slotWith({ policy }), death(exit), 1_000).phase.kind).toBe(expected);
  });

  it('counts an end for being unhealthy as a failure, whatever its exit', () => {
    const ended = (policy: RestartPolicy['policy']) =>
      decideRestart(slotWith({ policy }), death(ok, { unhealthy: 'tcp 80: refused' }), 1_000);
    expect(ended('on_failure')).toMatchObject({ phase: { kind: 'backoff', because: 'tcp 80: refused' }, failures: 1 });
    expect(ended('never').phase).toMatchObject({ kind: 'failed', reason: expect.stringContaining('tcp 80: refused') });
  });

  it('gives up when more failures than the limit fall within its window', () => {
    const limit = { count: 2, withinMs: 1_000 };
    const failing = (recentFailuresMs: number[]) =>
      decideRestart(slotWith({ limit }, { recentFailuresMs }), death(bad), 2_000);
    expect(failing([1_500]).phase.kind).toBe('backoff');
    expect(failing([1_500, 1_600]).phase).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('3 times within 1 s'),
    });
    expect(failing([100, 900]).phase.kind).toBe('backoff');
  });

  it('does not charge what is the fault of the host, but still backs off', () => {
    const limit = { count: 0, withinMs: 1_000 };
    const exit = { spawnError: 'EAGAIN', detail: 'no processes left' };
    const ending = decideRestart(slotWith({ limit }), death(exit, { countsAsFailure: false }), 1_000);
    expect(ending).toMatchObject({ phase: { kind: 'backoff' }, failures: 1, recentFailuresMs: [] });
  });

  it('starts the back-off over after a healthy spell', () => {
    const failuresAfter = (aliveMs: number) =>
      decideRestart(slotWith({}, { failures: 5 }), death(bad, { aliveMs }), 1_000).failures;
    expect(failuresAfter(9_999)).toBe(6);
    expect(failuresAfter(10_000)).toBe(1);
  });
});

describe('backoffMs', () => {
  it('follows the formula, at most 10 % below it, and never above', () => {
    const formula = [100, 200, 400, 800, 1_000, 1_000];
    formula.forEach((expected, index) => {
      const delay = backoffMs('api.1' as never, base, index + 1);
      expect(delay).toBeLessThanOrEqual(expected);
      expect(delay).toBeGreaterThanOrEqual(expected * 0.9 - 1);
    });
  });
  it('is the same each time and differs between instances', () => {
    const delays = ['api.1', 'api.2', 'api.3', 'api.4'].map((id) =>
      backoffMs(id as never, { ...base, backoff: { initialMs: 10_000, maxMs: 10_000, factor: 1 } }, 1),
    );
    expect(new Set(delays).size).toBeGreaterThan(1);
    expect(backoffMs('api.1' as never, base, 3)).toBe(backoffMs('api.1' as never, base, 3));
  });
  it('stays finite however long the loop', () => {
    expect(backoffMs('api.1' as never, base, 1e9)).toBeLessThanOrEqual(1_000);
    expect(backoffMs('api.1' as never, { ...base, backoff: { initialMs: 0, maxMs: 0, factor: 2 } }, 1e9)).toBe(0);
  });
});

test('the policy describes each kind of exit', () => {
  const exits: Exit[] = [
    { code: 0 },
    { code: 3 },
    { signal: 'SIGSEGV' },
    { spawnError: 'ENOENT', detail: 'no such command' },
    { unknown: true },
  ];
  expect(exits.map(describeExit)).toEqual([
    'success (exit code 0)',
    'exit code 3',
    'SIGSEGV',
    'no such command',
    'an unknown exit status',
  ]);
});

test.each([
  ['an exit with a code', 'always', death({ code: 1 }), 1],
  ['a signal', 'on_failure', death({ signal: 'SIGSEGV' }), 1],
  ['success that begins again', 'always', death({ code: 0 }), 0],
  ['success that completes', 'on_failure', death({ code: 0 }), 0],
  ['a failed liveness probe, whatever the exit', 'always', death({ code: 0 }, { unhealthy: 'silent' }), 1],
  ['a timeout', 'never', death({ code: 0 }, { timedOut: 'timed out' }), 1],
  ['a failure of a task that is not restarted', 'never', death({ code: 1 }), 1],
  [
    'a host that is short of something',
    'always',
    death({ spawnError: 'EAGAIN', detail: '' }, { countsAsFailure: false }),
    0,
  ],
] as const)('%s under `%s` counts as a crash or not', (_, policy, end, crashes) => {
  expect(decideRestart({ ...slotWith({ policy }), crashes: 4 }, end, 1_000).crashes).toBe(4 + crashes);
});
