// Which processes are checked for an exit that was missed, and when again.
import { expect, test } from 'vitest';
import { ADOPTED_RESYNC_MS, planResync, RESYNC_MS } from '../../src/core/resync.ts';
import { emptySlot, type Slot } from '../../src/core/slot.ts';
import type { InstanceId, ServiceName } from '../../src/core/spec.ts';

const NOW_MS = 100_000;

function alive(name: string, { adopted = false, ageMs = 10_000 } = {}): Slot {
  const process = { pid: 7, startTime: '1', bootId: 'b', nonce: name };
  const sinceMs = NOW_MS - ageMs;
  const readiness = { readiness: 'none', readinessSinceMs: sinceMs, because: null, unhealthy: null } as const;
  const empty = emptySlot(`${name}.1` as InstanceId, name as ServiceName, 1);
  return { ...empty, phase: { kind: 'alive', process, sinceMs, adopted, ...readiness } };
}

const check = (slots: Slot[], withChildren: boolean) => {
  const { suspects, nextMs } = planResync(new Map(slots.map((slot) => [slot.id, slot])), NOW_MS, withChildren);
  return { ids: suspects.map(({ id }) => id), nextMs };
};

test('children and adopted processes are checked together', () => {
  const slots = [alive('child'), alive('kept', { adopted: true })];
  expect(check(slots, true)).toEqual({ ids: ['child.1', 'kept.1'], nextMs: ADOPTED_RESYNC_MS });
});

test('the checks in between leave children out', () => {
  const slots = [alive('child'), alive('kept', { adopted: true })];
  expect(check(slots, false)).toEqual({ ids: ['kept.1'], nextMs: ADOPTED_RESYNC_MS });
});

test('without adopted processes the next check is later', () => {
  expect(check([alive('child')], true)).toEqual({ ids: ['child.1'], nextMs: RESYNC_MS });
});

test('a child that has just started is given time for its exit event', () => {
  expect(check([alive('child', { ageMs: 100 })], true).ids).toEqual([]);
});
