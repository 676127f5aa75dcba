// What becomes of an instance's readiness when its probes are edited while it runs.

import { afterEach, expect, test } from 'vitest';
import type { Phase, Slot } from '../../src/core/slot.ts';
import type { InstanceId, Probe, ServiceSpec } from '../../src/core/spec.ts';
import { EarlierListeners } from '../../src/supervisor/instances/earlier-listeners.ts';
import { OwnAnswers } from '../../src/supervisor/instances/own-answers.ts';
import { Prober } from '../../src/supervisor/instances/prober.ts';
import type { ReadinessSignals } from '../../src/supervisor/instances/readiness-signals.ts';
import { alive, PROBE, slotOf, spec } from '../core/fixtures.ts';
import { waitFor } from '../rig/wait-for.ts';
import { contextOf } from './context.ts';

type Alive = Extract<Phase, { kind: 'alive' }>;
const AT_ONCE: Probe = { ...PROBE, checks: [{ kind: 'delay', delayMs: 0 }], everyMs: 10 };
const NOT_YET: Probe = { ...PROBE, checks: [{ kind: 'delay', delayMs: 3_600_000 }], everyMs: 10 };

let prober: Prober | null = null;
afterEach(() => prober?.stop());

/** `sync`: the kernel has this slot and this spec now. */
function probing() {
  const signals: Partial<ReadinessSignals> = { resume: async () => undefined };
  const slots = new Map<InstanceId, Slot>();
  let spec: ServiceSpec | null = null;
  const context = contextOf({ specs: { ...contextOf().specs, slots, specOf: () => spec } });
  const probed = new Prober(context, signals as ReadinessSignals, new OwnAnswers(context, new EarlierListeners()));
  prober = probed;
  const sync = (slot: Slot, declared: ServiceSpec): void => {
    spec = declared;
    slots.set(slot.id, slot);
    probed.sync();
  };
  return { sync, received: context.received, histories: probed.histories };
}

test.each(['pending', 'failing'] as const)(
  '%s, and its readiness probe is removed: past its startup probe it is ready',
  async (readiness) => {
    const { sync, received } = probing();
    const phase = { ...alive(), readiness: 'pending' } as Alive;
    const both = spec('api', { startup: AT_ONCE, readiness: NOT_YET });
    sync(slotOf(both, 1, { phase }), both);
    await waitFor(
      'the startup probe has passed and the other one speaks',
      () => received.find((event) => event.kind === 'readinessChanged'),
      (event) => event?.because?.includes('3600000 ms') === true,
    );
    received.length = 0;
    const only = spec('api', { startup: AT_ONCE });
    sync(slotOf(only, 1, { phase: { ...phase, readiness } as Alive }), only);
    expect(received).toEqual([{ kind: 'readinessChanged', readiness: 'passing', because: null }]);
  },
);

test('a startup probe that has not passed still decides when the readiness probe is removed', () => {
  const { sync, received } = probing();
  const phase = { ...alive(), readiness: 'pending' } as Alive;
  const seen = (declared: ServiceSpec): void => sync(slotOf(declared, 1, { phase }), declared);
  seen(spec('api', { startup: NOT_YET, readiness: NOT_YET }));
  seen(spec('api', { startup: NOT_YET }));
  expect(received).toEqual([]);
});

test('every attempt is remembered with its time and failure, also after the probe is removed', async () => {
  const { sync, histories } = probing();
  const phase = { ...alive(), readiness: 'pending' } as Alive;
  const declared = spec('api', { startup: AT_ONCE, readiness: NOT_YET });
  const slot = slotOf(declared, 1, { phase });
  sync(slot, declared);
  const known = await waitFor(
    'the readiness probe has failed',
    () => histories.of(slot.id),
    (found) => found.some(({ probe }) => probe === 'readiness'),
  );
  const [startup, readiness] = known;
  expect(startup).toMatchObject({ probe: 'startup', attempts: [{ failure: null }] });
  for (const { time, durationMs, failure } of readiness!.attempts) {
    expect(new Date(time).toISOString()).toBe(time);
    expect(durationMs).toBeLessThan(1_000);
    expect(failure).toBe('3600000 ms have not passed yet');
  }
  sync(slot, spec('api', {}));
  expect(histories.of(slot.id).length).toBe(2);
});
