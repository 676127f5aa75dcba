// Scenarios written by hand: programs of other people on the ports of instances.
import type { Scenario } from './scenario.ts';
import { after, one, service } from './scenario-parts.ts';

const takes = (forMs: number, shares: boolean, instance = 1) =>
  ({ kind: 'takePort', service: 0, instance, forMs, shares }) as const;
const crash = { kind: 'crash', beforeEffect: null, upAfterMs: 20, ups: 1 } as const;
const restart = { kind: 'restart', service: 0, instance: null } as const;
const SLOW = { obeysAfterMs: 500 };

export const KNOWN_PORTS: Record<string, Scenario> = {
  'a stranger takes the port while its instance is restarted': one(
    [service({ pool: 2, graceMs: 1_000, life: { hasReadiness: true } }, { answersAfterMs: 500 })],
    after(1_500, { kind: 'killOne', which: 0 }),
    after(20, takes(7_000, false)),
    after(20, takes(7_000, false, 2)),
    after(1_500, { kind: 'commentEdit' }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a stranger shares the port of instances that are restarted': one(
    [service({ pool: 2, graceMs: 1_000, life: { hasReadiness: true, hasLiveness: true } }, SLOW)],
    after(1_500, takes(20_000, true)),
    after(1_500, restart),
    after(7_000, { kind: 'commentEdit' }),
    after(20_000, crash),
  ),
  'a stranger has the port of an instance without a probe': one(
    [service({ life: { readyAfterMs: 1_000 } }, { answersAfterMs: 500, endsAfterMs: null })],
    after(1_500, { kind: 'stop', service: 0, instance: null }),
    after(1_500, takes(20_000, false)),
    after(7_000, { kind: 'start', service: 0, instance: null }),
    after(7_000, { kind: 'commentEdit' }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'drained by HTTP while a stranger has the port': one(
    [service({ life: { drain: { by: 'http', timeoutMs: 1_000 } } }, { answersAfterMs: 500 })],
    after(1_500, { kind: 'killOne', which: 0 }),
    after(30, takes(20_000, false)),
    after(200, { kind: 'changeSpec', service: 0 }),
    after(1_500, { kind: 'stop', service: 0, instance: null }),
  ),
};
