// Scenarios written by hand about a killed supervisor that comes back by itself, links that are switched, and `orch wait`.
import { KNOWN_LINKS } from './known-links.ts';
import type { Operation, Scenario } from './scenario.ts';
import { after, one, service } from './scenario-parts.ts';

const KILLED: Operation = { kind: 'crash', beforeEffect: null, upAfterMs: 0, ups: 0 };
const PAIR = [service({}), service({ pool: 2 })];
/** A run that is due every 5 s, and lasts. */
const DAY_LONG = { everyS: 5, catchUp: false, overlap: 'skip' } as const;
const upFrom = (tag: string, env: string | null) => ({ kind: 'upFrom', shell: { tag, env }, consents: true }) as const;

export const KNOWN_REVIVALS: Record<string, Scenario> = {
  ...KNOWN_LINKS,
  'killed, and no person starts the next one': one(
    PAIR,
    after(3_000, KILLED),
    after(7_000, { kind: 'setPool', service: 0, pool: 2 }),
    after(7_000, KILLED),
    after(7_000, { kind: 'killOne', which: 1 }),
  ),
  'commands at every moment of a replacement after a fault': one(
    PAIR,
    after(3_000, { kind: 'fault' }),
    ...Array.from({ length: 20 }, () => [
      after(1, { kind: 'stop', service: 1, instance: null }),
      after(1, { kind: 'start', service: 1, instance: null }),
    ]).flat(),
  ),
  'commands at every moment of a replacement while the first instances settle': one(
    PAIR,
    after(200, { kind: 'fault' }),
    ...Array.from({ length: 20 }, () => [
      after(1, { kind: 'stop', service: 1, instance: null }),
      after(1, { kind: 'start', service: 1, instance: null }),
    ]).flat(),
  ),
  'killed in the middle of a replacement after a fault': one(
    PAIR,
    after(3_000, { ...KILLED, beforeEffect: 1 }),
    after(0, { kind: 'fault' }),
    after(7_000, { ...KILLED, beforeEffect: 2 }),
    after(0, { kind: 'fault' }),
    after(7_000, { kind: 'setPool', service: 1, pool: 1 }),
  ),
  'from another shell, then killed': one(
    PAIR,
    after(500, upFrom('01', 'prod')),
    after(3_000, KILLED),
    after(7_000, { kind: 'setPool', service: 0, pool: 2 }),
    after(100, { kind: 'changeSpec', service: 1 }),
  ),
  'killed where the last `up` wants no other': one(
    PAIR,
    after(500, upFrom('02', null)),
    after(3_000, KILLED),
    after(7_000, { kind: 'up' }),
  ),
  'killed just before a person starts the next one': one(
    PAIR,
    after(3_000, { ...KILLED, upAfterMs: 500, ups: 2 }),
    after(7_000, { ...KILLED, upAfterMs: 1_000, ups: 1 }),
  ),
  'killed right after a stop was answered': one(
    PAIR,
    after(3_000, { kind: 'stop', service: 1, instance: null }),
    after(100, KILLED),
    after(7_000, { kind: 'setPool', service: 1, pool: 1 }),
  ),
  'a fault in the middle of a hand-over': one(
    PAIR,
    after(3_000, { kind: 'upgrade' }),
    after(0, { kind: 'fault' }),
    after(7_000, { kind: 'upgrade' }),
    after(2, { kind: 'fault' }),
    after(7_000, { kind: 'upgrade' }),
    after(5, { kind: 'fault' }),
  ),
  'a fault just after a process has appeared': one(
    [service({ life: { preparesMs: 1_500, readyAfterMs: 1_000 } })],
    after(1_505, { kind: 'fault' }),
    after(100, { kind: 'upOne', service: 0 }),
    after(3_000, { kind: 'commentEdit' }),
  ),
  'killed in the middle of `down`': { ...one([service({ graceMs: 1_000 }, { obeysAfterMs: 800 })]), crashInDown: 2 },
  'a run of an older version is above its memory limit, and its supervisor was killed': one(
    [service({ schedule: DAY_LONG, life: { hasMemoryLimit: true } })],
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(500, KILLED),
    after(1_500, { kind: 'bloat', which: null }),
    after(20_000, { kind: 'commentEdit' }),
  ),
  'a crash loop is waited for': one(
    [
      service({ policy: 'always', life: { preparesMs: 1_500, readyAfterMs: 300 } }, { endsAfterMs: 30, exitCode: 1 }),
      service({}),
    ],
    after(100, { kind: 'upOne', service: 0 }),
    after(6_500, { kind: 'upOne', service: 0 }),
    after(1_000, { kind: 'upOne', service: 0 }),
    after(1_000, { kind: 'up' }),
    after(1_500, { kind: 'commentEdit' }),
  ),
  'an instance that is given up is waited for': one(
    [
      service(
        { policy: 'always', limit: { count: 1, withinMs: 60_000 }, life: { readyAfterMs: 1_000 } },
        { endsAfterMs: 500, exitCode: 1 },
      ),
    ],
    after(100, { kind: 'upOne', service: 0 }),
    after(5_000, { kind: 'commentEdit' }),
  ),
};
