// Scenarios written by hand: the path of the project is a link, and a deployment switches it.
import type { Operation, Scenario } from './scenario.ts';
import { after, one, service } from './scenario-parts.ts';

const KILLED: Operation = { kind: 'crash', beforeEffect: null, upAfterMs: 0, ups: 0 };
const PAIR = [service({}), service({ pool: 2 })];
const switched = { kind: 'switchLink', service: 1 } as const;

export const KNOWN_LINKS: Record<string, Scenario> = {
  'the link of the project is switched': one(
    PAIR,
    after(3_000, switched),
    after(7_000, { kind: 'stop', service: 0, instance: null }),
    after(1_000, switched),
    after(0, { kind: 'up' }),
    after(3_000, { kind: 'changeSpec', service: 0 }),
  ),
  'the link of the project is switched without an event, then its supervisor is killed': one(
    PAIR,
    after(3_000, { kind: 'loseWatchEvents', count: 1 }),
    after(0, switched),
    after(7_000, KILLED),
    after(7_000, switched),
    after(10, KILLED),
  ),
  'the link of the project is switched, and another supervisor takes over': one(
    PAIR,
    after(3_000, switched),
    after(3_000, { kind: 'upgrade' }),
    after(3_000, switched),
    after(3_000, { kind: 'fault' }),
  ),
  'the link of the project is switched while an `up` waits for a removed state directory': one(
    PAIR,
    after(3_100, { kind: 'deleteStateDir' }),
    after(0, { kind: 'up' }),
    // Its supervisor follows the link before any other command can find no supervisor.
    after(850, switched),
  ),
  'a deployment removes the old release, switches the link and calls `up`, at once': one(
    PAIR,
    after(3_100, { kind: 'deleteStateDir' }),
    after(0, switched),
    after(0, { kind: 'up' }),
    after(7_000, { kind: 'changeSpec', service: 0 }),
    after(7_000, { kind: 'stop', service: 1, instance: null }),
  ),
};
