// The state file of an earlier supervisor, whole and in every bad shape: what is read is whole, or nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Slot } from '../../src/core/model.ts';
import { adopt } from '../../src/supervisor/adoption/adopt.ts';
import { decodeState, encodeState } from '../../src/supervisor/adoption/previous-state.ts';
import { alive, slotOf, spec } from '../core/fixtures.ts';

const NOW = { nowMs: 1_000_000, wallMs: 1_000_000, bootMs: 500_000, recordOf: () => null, bootId: 'b' };
const service = spec('a', { pool: 3 });
const slots: Slot[] = [
  slotOf(service, 1, { phase: alive(10), restarts: 2, failures: 1, recentFailuresMs: [999_000] }),
  slotOf(service, 2, { phase: { kind: 'backoff', untilMs: 1_004_000, because: null } }),
  slotOf(service, 3, { phase: { kind: 'failed', atMs: 900_000, reason: 'given up' }, lastExit: { code: 1 } }),
];
const state = {
  generation: 3,
  overrides: { stopped: ['b'], pools: { a: 3 }, profiles: [] },
  slots,
  rollouts: [],
};
const text = encodeState(state as never, NOW);

test('what was written is read', () => {
  expect(decodeState(text, NOW)).toEqual(state);
});

describe('a wall clock that was set between two supervisors', () => {
  test.for([-31_536_000_000, 31_536_000_000])('moves all times by %s ms', (byMs) => {
    const nowMs = NOW.nowMs + 5_000 + byMs;
    const later = { ...NOW, nowMs, wallMs: nowMs, bootMs: NOW.bootMs + 5_000 };
    const read = decodeState(text, later)!;
    expect(read.slots[1]!.phase).toMatchObject({ untilMs: 1_004_000 + byMs });
    expect(read.slots[0]!.recentFailuresMs).toEqual([999_000 + byMs]);
  });

  test('after another boot nothing lies in the future', () => {
    const read = decodeState(text, { nowMs: 5, wallMs: 5, bootMs: 1, bootId: 'other' })!;
    expect(read.slots[1]!.phase).toMatchObject({ untilMs: 5 });
  });
});

test.for(['b', 'another'])('the next run of a schedule stays at its time on the wall, boot %s', (bootId) => {
  // The clock of the supervisor that wrote it no longer followed the wall clock: somebody had set that an hour ahead.
  const hourMs = 3_600_000;
  const scheduled = { ...state, slots: [slotOf(service, 1, { nextRunMs: 1_004_000 })] };
  const written = encodeState(scheduled as never, { ...NOW, wallMs: NOW.nowMs + hourMs });
  const nowMs = NOW.nowMs + hourMs + 1_000;
  const read = decodeState(written, { nowMs, wallMs: nowMs, bootMs: NOW.bootMs + 1_000, bootId })!;
  expect(read.slots[0]!.nextRunMs).toBe(1_004_000 + hourMs);
});

test('cut anywhere: nothing, or the whole', () => {
  for (let length = 0; length < text.length - 1; length++) {
    const read = decodeState(text.slice(0, length), NOW);
    if (read !== null) expect(read).toEqual(state);
  }
});

test('whatever is written in it, what is read can be adopted', () => {
  const keys = [
    'phase',
    'spec',
    'process',
    'id',
    'restarts',
    'kind',
    'pid',
    'stop',
    'dependsOn',
    'singleton',
    'sinceMs',
  ];
  const mutation = fc.record({ key: fc.constantFrom(...keys), value: fc.jsonValue({ maxDepth: 2 }), at: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const read = decodeState(mutate(text, mutations), NOW);
      if (!read) return;
      const services = new Map([['a', service]]);
      const adoption = adopt({
        remembered: read.slots,
        members: [],
        services,
        recordOf: () => null,
        bootId: 'b',
        nowMs: NOW.nowMs,
      });
      for (const slot of adoption.slots) expect(slot.phase.kind).toEqual(expect.any(String));
    }),
    { numRuns: 2_000 },
  );
});

test('prototype keys stay keys', () => {
  const read = decodeState(
    '{"version":1,"slots":[{"id":"a.1","phase":{"kind":"constructor"},"__proto__":{"x":1}}]}',
    NOW,
  )!;
  expect(read.slots[0]).toMatchObject({ phase: { kind: 'idle' }, service: 'a', index: 1, spec: null });
  expect(({} as { x?: number }).x).toBeUndefined();
});

/** Replaces the n-th value under a key, wherever that is. */
function mutate(json: string, mutations: { key: string; value: unknown; at: number }[]): string {
  const root = JSON.parse(json) as unknown;
  for (const { key, value, at } of mutations) {
    const holders: Record<string, unknown>[] = [];
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      if (key in node) holders.push(node as Record<string, unknown>);
      for (const child of Object.values(node)) visit(child);
    };
    visit(root);
    const holder = holders[at % Math.max(1, holders.length)];
    if (holder) holder[key] = value;
  }
  return JSON.stringify(root);
}
