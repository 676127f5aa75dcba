// Scenarios written by hand about a killed supervisor that comes back by itself, and about `orch wait`.
import type { Operation, Scenario } from './scenario.ts';
import { after, one, service } from './scenario-parts.ts';

const KILLED: Operation = { kind: 'crash', beforeEffect: null, upAfterMs: 0, ups: 0 };
const PAIR = [service({}), service({ pool: 2 })];
const upFrom = (tag: string, env: string | null) => ({ kind: 'upFrom', shell: { tag, env }, consents: true }) as const;

export const KNOWN_REVIVALS: Record<string, Scenario> = {
  'killed, and no person starts the next one': one(
    PAIR,
    after(3_000, KILLED),
    after(7_000, { kind: 'setPool', service: 0, pool: 2 }),
    after(7_000, KILLED),
    after(7_000, { kind: 'killOne', which: 1 }),
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
  'killed in the middle of `down`': { ...one([service({ graceMs: 1_000 }, { obeysAfterMs: 800 })]), crashInDown: 2 },
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
