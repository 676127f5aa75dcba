// Programs of random scenarios: how long they live, how they end, what they fork, how they answer.
import fc from 'fast-check';
import type { Program } from './machine/processes.ts';

const obedience = fc.option(fc.integer({ min: 0, max: 1_500 }), { nil: null, freq: 4 });
const child = fc.record({
  kind: fc.constantFrom('member' as const, 'session' as const),
  obeysAfterMs: fc.option(fc.integer({ min: 0, max: 500 }), { nil: null }),
});

export const program: fc.Arbitrary<Program> = fc.record({
  endsAfterMs: fc.option(fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 100, max: 2_000 })), {
    nil: null,
    freq: 2,
  }),
  exitCode: fc.constantFrom(0, 0, 1),
  obeysAfterMs: obedience,
  child: fc.option(child, { nil: null, freq: 2 }),
  forksWhenStopped: fc.boolean(),
  answersAfterMs: fc.constantFrom(0, 0, 30, 500),
  drainsInMs: fc.option(fc.integer({ min: 0, max: 1_500 }), { nil: null, freq: 4 }),
});
