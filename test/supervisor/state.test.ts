// The state file of an earlier supervisor, whole and in every bad shape: it is read whole, or not at all.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Slot } from '../../src/core/slot.ts';
import { adopt } from '../../src/supervisor/adoption/adopt.ts';
import { encodeState } from '../../src/supervisor/adoption/encode-state.ts';
import { decodeState } from '../../src/supervisor/adoption/previous-state.ts';
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
  env: 'prod',
  overrides: { stopped: ['b'], pools: { a: 3 }, profiles: [], only: ['a'] },
  slots,
  rollouts: [],
  ports: { 'a.1': 20_000 },
  edits: { paused: null, rollback: null, follow: null },
};
const text = encodeState(state as never, NOW).toString();

test('the next supervisor reads what was written', () => {
  expect(decodeState(text, NOW)).toEqual(state);
});

test('how an instance had ended in the version before is read again, on the clock of now and without a secret', () => {
  const { spec: older } = slots[0]!;
  const stop = { ...older!.stop, command: ['psql', 'secret'] as never };
  const earlierEnd: Slot['earlierEnd'] = {
    phase: { kind: 'failed', atMs: 900_000, reason: 'given up' },
    spec: { ...older!, stop },
    failures: 2,
    recentFailuresMs: [900_000],
    lastExit: { code: 1 },
  };
  const written = encodeState({ ...state, slots: [{ ...slots[0]!, earlierEnd }] } as never, NOW).toString();
  expect(written).not.toContain('secret');
  const later = { ...NOW, nowMs: 1_000_100, wallMs: 1_000_100, bootMs: NOW.bootMs + 5_000 };
  const [read] = decodeState(written, { ...later, nowMs: later.nowMs + 4_900 + 7 })!.slots;
  const phase = { ...earlierEnd.phase, atMs: 900_007 };
  expect(read!.earlierEnd).toEqual({ ...earlierEnd, spec: older, phase, recentFailuresMs: [900_007] });
});

test.for([{}, { phase: alive() }, { phase: { kind: 'failed', atMs: 1, reason: 'why' } }, 7, null])(
  'what is not an end is not read as one: %j',
  (earlierEnd) => {
    const [slot] = JSON.parse(text).slots;
    const read = decodeState(JSON.stringify({ version: 1, slots: [{ ...slot, earlierEnd }] }), NOW)!;
    expect(read.slots[0]!.earlierEnd).toBe(null);
  },
);

test('a memory limit of a version is read again; one of another shape is none', () => {
  const limits = { memory: { maxBytes: 5, action: 'restart' }, nofile: null, nice: null };
  const read = (given: unknown) => {
    const [slot] = JSON.parse(text).slots;
    const slotSpec = { ...slot.spec, limits: given };
    return decodeState(JSON.stringify({ version: 1, slots: [{ ...slot, spec: slotSpec }] }), NOW)!.slots[0]!.spec;
  };
  expect(read(limits)!.limits).toEqual(limits);
  for (const bad of [7, { memory: 5 }, { memory: { maxBytes: '5', action: 'restart' } }, null])
    expect(read(bad)).not.toHaveProperty('limits');
});

/** Written by a supervisor that still called the phases `blocked` and `ending` by their words in the file. */
const firstVersion =
  '{"version":1,"written":{"nowMs":1000000,"wallMs":1000000,"bootMs":500000,"bootId":"b"},"generation":3,"overrides":{"stopped":[],"pools":{},"profiles":[]},"slots":[{"id":"a.1","service":"a","index":1,"phase":{"kind":"held","by":"another project runs it"},"spec":{"specHash":"0123456789abcdef","stop":{"signal":"SIGTERM","to":"tree","graceMs":10000,"command":null,"escalate":[],"drain":null},"restart":{"policy":"always","backoff":{"initialMs":500,"maxMs":30000,"factor":2},"limit":null,"healthyAfterMs":10000},"dependsOn":[],"singleton":null},"restarts":0,"failures":0,"recentFailuresMs":[],"lastExit":null,"lastNonce":"n","restartRequestedMs":null,"nextRunMs":null},{"id":"a.2","service":"a","index":2,"phase":{"kind":"stopping","process":{"pid":7,"startTime":"1","bootId":"b","nonce":"n"},"startedMs":900000,"sinceMs":900000,"adopted":false,"cause":"replaced","because":"its configuration changed","exit":null,"step":"term","escalated":0,"deadlineMs":910000,"nextCheckMs":900000,"checkGapMs":10},"spec":{"specHash":"0123456789abcdef","stop":{"signal":"SIGTERM","to":"tree","graceMs":10000,"command":null,"escalate":[],"drain":null},"restart":{"policy":"always","backoff":{"initialMs":500,"maxMs":30000,"factor":2},"limit":null,"healthyAfterMs":10000},"dependsOn":[],"singleton":null},"restarts":0,"failures":0,"recentFailuresMs":[],"lastExit":null,"lastNonce":null,"restartRequestedMs":null,"nextRunMs":null},{"id":"a.3","service":"a","index":3,"phase":{"kind":"stopping","process":{"pid":7,"startTime":"1","bootId":"b","nonce":"n"},"startedMs":900000,"sinceMs":900000,"adopted":false,"cause":"exited","because":"ended by itself","exit":{"code":1},"step":"clear","escalated":0,"deadlineMs":910000,"nextCheckMs":900000,"checkGapMs":10},"spec":{"specHash":"0123456789abcdef","stop":{"signal":"SIGTERM","to":"tree","graceMs":10000,"command":null,"escalate":[],"drain":null},"restart":{"policy":"always","backoff":{"initialMs":500,"maxMs":30000,"factor":2},"limit":null,"healthyAfterMs":10000},"dependsOn":[],"singleton":null},"restarts":0,"failures":0,"recentFailuresMs":[],"lastExit":null,"lastNonce":null,"restartRequestedMs":null,"nextRunMs":null}],"rollouts":[]}';

test('a file of the first version is read, and written again with the same words', () => {
  const read = decodeState(firstVersion, NOW)!;
  expect(read.slots.map(({ phase }) => phase.kind)).toEqual(['blocked', 'ending', 'ending']);
  expect(JSON.parse(encodeState(read, NOW).toString()).slots).toEqual(JSON.parse(firstVersion).slots);
});

test.for(['ending', 'blocked'])('the word %s is not a phase of the file', (kind) => {
  const read = decodeState(firstVersion.replaceAll(/"(stopping|held)"/g, `"${kind}"`), NOW)!;
  expect(read.slots.map(({ phase }) => phase.kind)).toEqual(['idle', 'idle', 'idle']);
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
  // The wall clock was set an hour ahead while the earlier supervisor ran: its own clock no longer followed it.
  const hourMs = 3_600_000;
  const scheduled = { ...state, slots: [slotOf(service, 1, { nextRunMs: 1_004_000 })] };
  const written = encodeState(scheduled as never, { ...NOW, wallMs: NOW.nowMs + hourMs }).toString();
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
        ageMsOf: () => null,
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
