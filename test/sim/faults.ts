// The faults that a generated scenario may have: of processes and their machine, and of supervisors.
import fc from 'fast-check';

/** In a project. */
export const MAX_SERVICES = 4;
export const which = fc.nat(MAX_SERVICES - 1);
export const only = <K extends string>(...kinds: K[]) => fc.constantFrom(...kinds);

export const processFault = fc.oneof(
  fc.record({ kind: only('killOne', 'suspendOne'), which: fc.nat(30) }),
  fc.record({ kind: only('bloat'), which: fc.option(fc.nat(30), { nil: null }) }),
  fc.record({ kind: only('sicken'), which: fc.nat(30), forMs: fc.constantFrom(50, 1_500, 30_000, null) }),
  fc.record({
    kind: only('failSpawns'),
    errno: only('ENOENT', 'EACCES', 'EAGAIN', 'EMFILE'),
    count: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ kind: only('loseExits'), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    kind: only('lateExits'),
    byMs: fc.integer({ min: 1, max: 3_000 }),
    count: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: only('slowKills'), byMs: fc.constantFrom(0, 300, 1_500) }),
  fc.record({ kind: only('recycle'), count: fc.integer({ min: 10, max: 100 }) }),
  fc.record({
    kind: only('takePort'),
    service: which,
    instance: fc.integer({ min: 1, max: 4 }),
    forMs: fc.constantFrom(200, 5_000, 30_000),
    shares: fc.boolean(),
  }),
  fc.record({ kind: only('load'), forMs: fc.constantFrom(500, 10_000) }),
  fc.record({
    kind: only('strangers'),
    count: fc.integer({ min: 1, max: 60 }),
    liveMs: fc.constantFrom(50, 5_000, 200_000),
  }),
);
export const supervisorFault = fc.oneof(
  fc.record({
    kind: only('crash'),
    beforeEffect: fc.option(fc.integer({ min: 1, max: 120 }), { nil: null, freq: 4 }),
    upAfterMs: fc.constantFrom(0, 1, 20, 500, 4_000),
    ups: fc.constantFrom(0, 1, 2, 3),
  }),
  fc.record({ kind: only('freeze'), forMs: fc.constantFrom(100, 3_000, 60_000) }),
  fc.record({ kind: only('failSaves'), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: only('loseWatchEvents'), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: only('setClock'), byMs: fc.constantFrom(-31_536_000_000, -3_600_000, 3_600_000, 31_536_000_000) }),
  fc.record({ kind: only('deleteStateDir', 'fault') }),
  fc.record({ kind: only('spoilState'), how: only('truncated', 'garbage', 'other-version') }),
);
