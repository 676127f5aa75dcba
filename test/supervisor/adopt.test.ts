// Which process is adopted when the remembered state and the live processes disagree.

import { describe, expect, test } from 'vitest';
import type { Slot } from '../../src/core/slot.ts';
import type { TreeMember } from '../../src/os/tree/process-scan.ts';
import { adopt } from '../../src/supervisor/adoption/adopt.ts';
import { alive, incarnation, slotOf, spec } from '../core/fixtures.ts';

const service = spec('a', { specHash: 'abc123' });
const OLD = '0123456789ab.abc123.old';
const NEW = '0123456789ab.abc123.new';

const member = (pid: number, nonce: string, startTime: string, isSessionLeader = true): TreeMember => ({
  pid,
  startTime,
  nonce,
  isSessionLeader,
  environment: { ORCH_INSTANCE_ID: 'a.1' },
  command: 'sleep',
});
const living = (pid: number, nonce: string): Slot['phase'] =>
  ({ ...alive(pid), process: { ...incarnation(pid, nonce), startTime: '1' } }) as Slot['phase'];
/** Of every live process; null: not known. */
const age: { ms: number | null } = { ms: null };
const adoptOf = (slot: Slot | null, members: TreeMember[], declared = service) =>
  adopt({
    remembered: slot ? [slot] : [],
    members,
    services: new Map([['a', declared]]),
    recordOf: () => null,
    ageMsOf: () => age.ms,
    bootId: 'b',
    nowMs: 1_000,
  });

describe('adopt', () => {
  test('takes the remembered main process, and nothing that left its session', () => {
    const { slots, unknown, ended } = adoptOf(slotOf(service, 1, { phase: living(10, OLD) }), [
      member(9, OLD, '2'),
      member(10, OLD, '1'),
    ]);
    expect(slots[0]!.phase).toMatchObject({ kind: 'alive', process: { pid: 10 } });
    expect([unknown, ended]).toEqual([[], []]);
  });

  test.for([['1'], ['Mon Jan 5 09:08:08 2026']])(
    'takes the main process, not what left its session within one step of the clock: %s',
    ([at]) => {
      const main = { ...living(99, OLD), process: { ...incarnation(99, OLD), startTime: at! } } as Slot['phase'];
      const starting = { kind: 'starting', nonce: OLD, sinceMs: 1 } as const;
      for (const slot of [slotOf(service, 1, { phase: main }), slotOf(service, 1, { phase: starting }), null]) {
        const { slots, unknown, ended } = adoptOf(slot, [member(101, OLD, at!), member(99, OLD, at!)]);
        expect(slots[0]!.phase).toMatchObject({ kind: 'alive', process: { pid: 99 } });
        expect([unknown, ended]).toEqual([[], []]);
      }
    },
  );

  test.for([
    [300, 700],
    [null, 1_000],
  ])('a process that has run for %s ms counts from then where its start was not recorded', ([ms, sinceMs]) => {
    age.ms = ms!;
    const starting = { kind: 'starting', nonce: OLD, sinceMs: 1 } as const;
    for (const slot of [slotOf(service, 1, { phase: starting }), null]) {
      const { slots } = adoptOf(slot, [member(10, OLD, '1')]);
      expect(slots[0]!.phase).toMatchObject({ kind: 'alive', sinceMs });
    }
  });

  test('counts a slot as ended when only what left its session lives', () => {
    const { ended } = adoptOf(slotOf(service, 1, { phase: living(10, OLD) }), [member(11, OLD, '2')]);
    expect(ended).toEqual([{ id: 'a.1', exit: { unknown: true } }]);
  });

  test('takes the newer incarnation where the state could not be written any more', () => {
    const { slots, unknown, ended } = adoptOf(slotOf(service, 1, { phase: living(10, OLD) }), [member(20, NEW, '5')]);
    expect(slots[0]!.phase).toMatchObject({ kind: 'alive', process: { pid: 20, nonce: NEW }, adopted: true });
    expect([unknown, ended]).toEqual([[], []]);
  });

  test('then ends what the older one left behind', () => {
    const { slots, unknown } = adoptOf(slotOf(service, 1, { phase: living(10, OLD) }), [
      member(11, OLD, '2'),
      member(20, NEW, '5'),
    ]);
    expect(slots[0]!.phase).toMatchObject({ process: { pid: 20 } });
    expect(unknown).toMatchObject([{ pid: 11 }]);
  });

  test('never takes what the last incarnation left behind for a new one', () => {
    const slot = slotOf(service, 1, { phase: { kind: 'backoff', untilMs: 2_000, because: null }, lastNonce: OLD });
    const { slots, unknown } = adoptOf(slot, [member(11, OLD, '2')]);
    expect(slots[0]!.phase.kind).toBe('backoff');
    expect(unknown).toMatchObject([{ pid: 11 }]);
  });

  test('finds everything by itself where nothing is remembered', () => {
    const { slots, unknown } = adoptOf(null, [member(20, NEW, '5')]);
    expect(slots).toMatchObject([{ id: 'a.1', phase: { kind: 'alive', process: { pid: 20 } } }]);
    expect(unknown).toEqual([]);
  });

  test('takes nothing for ready where neither it nor its version is remembered', () => {
    const { slots } = adoptOf(null, [member(20, NEW, '5')], spec('a', { specHash: 'def456', readyAfterMs: 1_000 }));
    expect(slots).toMatchObject([{ phase: { kind: 'alive', readiness: 'pending' }, spec: { specHash: 'abc123' } }]);
  });
});
