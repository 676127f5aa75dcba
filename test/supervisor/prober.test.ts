// What becomes of an instance's readiness when its probes are edited while it runs.
import { afterEach, expect, test } from 'vitest';
import type { InstanceEvent, InstanceId, Phase, Probe, ServiceSpec, Slot } from '../../src/core/model.ts';
import { Prober, type ProberOptions } from '../../src/supervisor/instances/prober.ts';
import { alive, PROBE, slotOf, spec } from '../core/fixtures.ts';
import { waitFor } from '../rig/wait-for.ts';

type Alive = Extract<Phase, { kind: 'alive' }>;
const AT_ONCE: Probe = { ...PROBE, checks: [{ kind: 'delay', delayMs: 0 }], everyMs: 10 };
const NOT_YET: Probe = { ...PROBE, checks: [{ kind: 'delay', delayMs: 3_600_000 }], everyMs: 10 };

let prober: Prober | null = null;
afterEach(() => prober?.stop());

function probing() {
  const told: InstanceEvent[] = [];
  const signs: Partial<ProberOptions['signals']> = { resume: async () => undefined };
  const context = { project: 'test', env: null, root: '/', inherited: {} };
  prober = new Prober({
    nowMs: () => 5_000,
    launchContext: () => context,
    newNonce: () => 'probe',
    receive: (_id, _nonce, event) => told.push(event),
    signals: signs as ProberOptions['signals'],
  });
  return { prober, told };
}

test.each(['pending', 'failing'] as const)(
  '%s, and its readiness probe is removed: past its startup probe it is ready',
  async (readiness) => {
    const { prober, told } = probing();
    const phase = { ...alive(), readiness: 'pending' } as Alive;
    const seen = (slot: Slot, declared: ServiceSpec): void =>
      prober.sync(new Map<InstanceId, Slot>([[slot.id, slot]]), () => declared);
    const both = spec('api', { startup: AT_ONCE, readiness: NOT_YET });
    seen(slotOf(both, 1, { phase }), both);
    await waitFor(
      'the startup probe has passed and the other one speaks',
      () => told.find((event) => event.kind === 'readinessChanged'),
      (event) => event?.because?.includes('3600000 ms') === true,
    );
    told.length = 0;
    const only = spec('api', { startup: AT_ONCE });
    seen(slotOf(only, 1, { phase: { ...phase, readiness } as Alive }), only);
    expect(told).toEqual([{ kind: 'readinessChanged', readiness: 'passing', because: null }]);
  },
);

test('a startup probe that has not passed still decides when the readiness probe is removed', () => {
  const { prober, told } = probing();
  const phase = { ...alive(), readiness: 'pending' } as Alive;
  const seen = (declared: ServiceSpec): void => {
    const slot = slotOf(declared, 1, { phase });
    prober.sync(new Map<InstanceId, Slot>([[slot.id, slot]]), () => declared);
  };
  seen(spec('api', { startup: NOT_YET, readiness: NOT_YET }));
  seen(spec('api', { startup: NOT_YET }));
  expect(told).toEqual([]);
});

test('where no probe of readiness is left it needs none', () => {
  const { prober, told } = probing();
  const phase = { ...alive(), readiness: 'pending' } as Alive;
  const seen = (declared: ServiceSpec): void => {
    const slot = slotOf(declared, 1, { phase });
    prober.sync(new Map<InstanceId, Slot>([[slot.id, slot]]), () => declared);
  };
  seen(spec('api', { readiness: NOT_YET, liveness: NOT_YET }));
  seen(spec('api', { liveness: NOT_YET }));
  expect(told).toEqual([{ kind: 'readinessChanged', readiness: 'none', because: null }]);
});
