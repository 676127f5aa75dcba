// Thresholds and pace of one probe: rows of outcomes and what they amount to.

import { describe, expect, it } from 'vitest';
import {
  initialReadiness,
  newProbeRecord,
  nextAttemptDelayMs,
  type ProbeRecord,
  readyByAge,
  recordProbeResult,
} from '../../src/core/readiness.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { Probe, ProbeResult, ServiceSpec } from '../../src/core/spec.ts';
import { alive, PROBE, slotOf, spec } from './fixtures.ts';

const OK: ProbeResult = { ok: true };
const BAD: ProbeResult = { ok: false, because: 'refused' };
/** `+` and `-`, one every second. */
const recordAfter = (outcomes: string, changes: Partial<Probe> = {}): ProbeRecord =>
  [...outcomes].reduce(
    (record, sign, index) =>
      recordProbeResult(record, sign === '+' ? OK : BAD, { ...PROBE, ...changes }, at((index + 1) * 1_000)),
    newProbeRecord({ ...PROBE, ...changes }, 0),
  );

/** The end of an attempt. */
const at = (nowMs: number, tookMs = 0) => ({ nowMs, tookMs });

describe('recordOutcome', () => {
  it.each([
    ['', {}, 'unknown'],
    ['+', {}, 'passing'],
    ['--', {}, 'unknown'],
    ['---', {}, 'failing'],
    ['--+--', {}, 'passing'],
    ['+--', {}, 'passing'],
    ['+---', {}, 'failing'],
    ['+---+', {}, 'passing'],
    ['++', { successes: 3 }, 'unknown'],
    ['++-++', { successes: 3 }, 'unknown'],
    ['+++', { successes: 3 }, 'passing'],
    ['+++---++', { successes: 3 }, 'failing'],
    ['-', { failures: 1 }, 'failing'],
  ] as [string, Partial<Probe>, string][])('%s with %j: %s', (outcomes, changes, verdict) => {
    expect(recordAfter(outcomes, changes).verdict).toBe(verdict);
  });

  it('does not let quick early attempts use up the failures', () => {
    let record = newProbeRecord(PROBE, 0);
    for (let atMs = 25; atMs < 2_000; atMs += 25) record = recordProbeResult(record, BAD, PROBE, at(atMs));
    expect(record).toMatchObject({ verdict: 'unknown', failures: 2 });
    expect(recordProbeResult(record, BAD, PROBE, at(2_025)).verdict).toBe('failing');
  });

  it('counts no failure before the initial delay is over', () => {
    const slow = { ...PROBE, initialDelayMs: 5_000, failures: 1 };
    expect(recordProbeResult(newProbeRecord(slow, 0), BAD, slow, at(4_999)).verdict).toBe('unknown');
    expect(recordProbeResult(newProbeRecord(slow, 0), BAD, slow, at(5_000)).verdict).toBe('failing');
  });
});

describe('pauseMs', () => {
  it('tries quickly at first, then at the declared pace', () => {
    expect(
      [1, 2, 3, 6, 7, 50].map((n) => nextAttemptDelayMs(recordAfter('-'.repeat(n), { failures: 100 }), PROBE)),
    ).toEqual([25, 50, 100, 800, 1_000, 1_000]);
    expect(nextAttemptDelayMs(recordAfter('+'), PROBE)).toBe(1_000);
    expect(nextAttemptDelayMs(recordAfter('+', { successes: 2 }), PROBE)).toBe(1_000);
    expect(nextAttemptDelayMs(recordAfter('---'), PROBE)).toBe(1_000);
  });
  it('spares commands the quick attempts', () => {
    const exec: Probe = { ...PROBE, checks: [{ kind: 'exec', command: { kind: 'argv', argv: ['true'] } }] };
    expect(nextAttemptDelayMs(newProbeRecord(exec, 0), exec)).toBe(1_000);
  });
  it('lets a tenth of it be the attempt itself until the first verdict', () => {
    const exec: Probe = { ...PROBE, checks: [{ kind: 'exec', command: { kind: 'argv', argv: ['true'] } }] };
    const delays = [0, 30, 100, 5_000].map((tookMs) => nextAttemptDelayMs(newProbeRecord(exec, 0), exec, tookMs));
    expect(delays).toEqual([1_000, 970, 900, 900]);
    expect(nextAttemptDelayMs(recordAfter('+'), exec, 30)).toBe(1_000);
  });
  it('counts every failure of attempts at that pace', () => {
    const exec: Probe = {
      ...PROBE,
      checks: [{ kind: 'exec', command: { kind: 'argv', argv: ['true'] } }],
      failures: 9,
    };
    let record = newProbeRecord(exec, 0);
    for (let count = 1, endMs = 40; count <= 5; count++, endMs += 40 + nextAttemptDelayMs(record, exec, 40)) {
      record = recordProbeResult(record, BAD, exec, at(endMs, 40));
      expect(record.failures).toBe(count);
    }
  });
});

it('readiness is pending at first if a probe must pass or an age must be reached', () => {
  expect(initialReadiness({ readiness: null, startup: null, readyAfterMs: 0 })).toBe('none');
  expect(initialReadiness({ readiness: null, startup: null, readyAfterMs: 1_000 })).toBe('pending');
  expect(initialReadiness({ readiness: PROBE, startup: null, readyAfterMs: 0 })).toBe('pending');
  expect(initialReadiness({ readiness: null, startup: PROBE, readyAfterMs: 0 })).toBe('pending');
});

it('an instance is ready by its age, and the next one wakes the kernel in steps of 20 ms', () => {
  const api = spec('api', { pool: 5, readyAfterMs: 1_000 });
  const bornAt = (index: number, sinceMs: number, changes = {}) =>
    slotOf(api, index, { phase: { ...alive(index, sinceMs), readiness: 'pending', ...changes } as Slot['phase'] });
  const list = [bornAt(1, 0), bornAt(2, 1), bornAt(3, 7), bornAt(4, 0, { readiness: 'none' }), slotOf(api, 5)];
  const at = (nowMs: number, rules: ServiceSpec | null = api) => {
    const { due, wakeAtMs } = readyByAge(list, () => rules, nowMs);
    return { due: due.map(({ index }) => index), wakeAtMs };
  };
  expect(at(999)).toEqual({ due: [], wakeAtMs: 1_000 });
  expect(at(1_000)).toEqual({ due: [1], wakeAtMs: 1_020 });
  expect(at(1_007)).toEqual({ due: [1, 2, 3], wakeAtMs: null });
  expect(at(5_000, { ...api, readiness: PROBE })).toEqual({ due: [], wakeAtMs: null });
  expect(at(5_000, null)).toEqual({ due: [], wakeAtMs: null });
});
