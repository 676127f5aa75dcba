// Scenarios written by hand about edits that wait: paused, or held by the policy.
import type { Operation, Scenario } from './scenario.ts';
import { after, one, service } from './scenario-parts.ts';

const KILLED: Operation = { kind: 'crash', beforeEffect: null, upAfterMs: 0, ups: 0 };
const PAIR = [service({}), service({ pool: 2 })];
const manual = (isManual: boolean) => ({ kind: 'holdEdits', isManual }) as const;
const edit = (index: number) => ({ kind: 'changeSpec', service: index }) as const;

export const KNOWN_HOLDS: Record<string, Scenario> = {
  'paused, edited and resumed': one(
    PAIR,
    after(1_500, { kind: 'pause' }),
    after(200, edit(0)),
    after(1_500, { kind: 'killOne', which: 0 }),
    after(1_500, { kind: 'up' }),
    after(200, { kind: 'resume' }),
    after(1_500, edit(1)),
  ),
  'paused, and the supervisor is killed': one(
    PAIR,
    after(1_500, { kind: 'pause' }),
    after(500, edit(0)),
    after(1_500, KILLED),
    after(7_000, edit(1)),
    after(1_500, { kind: 'fault' }),
    after(7_000, { kind: 'upgrade' }),
    after(7_000, { kind: 'resume' }),
  ),
  'the policy holds edits': one(
    PAIR,
    after(1_500, manual(true)),
    after(1_500, { kind: 'applyHeld' }),
    after(1_500, edit(0)),
    after(1_500, { kind: 'up' }),
    after(1_500, manual(false)),
    after(1_500, { kind: 'applyHeld' }),
    after(1_500, edit(1)),
  ),
  'the policy holds an edit, and the supervisor is replaced': one(
    PAIR,
    after(1_500, manual(true)),
    after(1_500, { kind: 'applyHeld' }),
    after(1_500, edit(0)),
    after(1_500, KILLED),
    after(7_000, { kind: 'upgrade' }),
    after(7_000, { kind: 'badEdit', how: 'torn' }),
    after(1_500, { kind: 'applyHeld' }),
  ),
  'the policy holds an edit that no supervisor has seen before it is replaced': one(
    PAIR,
    after(1_500, manual(true)),
    after(1_500, { kind: 'applyHeld' }),
    after(1_500, edit(0)),
    after(0, { kind: 'upgrade' }),
    after(7_000, { kind: 'applyHeld' }),
    after(1_500, manual(false)),
    after(0, { kind: 'upgrade' }),
  ),
  'the supervisor is replaced in the moment in which a held edit is applied': one(
    PAIR,
    after(100, manual(true)),
    after(100, { kind: 'applyHeld' }),
    after(1, { kind: 'upgrade' }),
  ),
  'the supervisor is replaced right after a held edit of a service was applied': one(
    PAIR,
    after(1_500, manual(true)),
    after(1_500, edit(1)),
    after(500, { kind: 'applyHeld' }),
    after(0, { kind: 'upgrade' }),
  ),
  'an edit brings a policy, and the supervisor is replaced before it has seen that': one(
    PAIR,
    after(1_500, manual(true)),
    after(0, { kind: 'upgrade' }),
    after(7_000, { kind: 'applyHeld' }),
  ),
  'of two `up` that wait for a removed state directory, the later one is faster': one(
    PAIR,
    after(1_500, manual(true)),
    after(200, { kind: 'deleteStateDir' }),
    after(100, { kind: 'up', saysYes: true }),
    after(30, manual(false)),
    after(0, { kind: 'up', saysYes: true }),
  ),
  'an `up` waits for a removed state directory, and the file it has read is edited meanwhile': one(
    PAIR,
    after(1_500, edit(1)),
    after(0, { kind: 'deleteStateDir' }),
    after(0, { kind: 'up' }),
    after(100, edit(1)),
  ),
  'resumed before the pause is answered, then edited': one(
    PAIR,
    after(1_500, { kind: 'pause' }),
    after(1, { kind: 'freeze', forMs: 60_000 }),
    after(100, edit(0)),
    after(100, { kind: 'resume' }),
  ),
  'paused, and no supervisor answers when it is to be resumed': one(
    PAIR,
    after(1_500, { kind: 'pause' }),
    after(600, { kind: 'deleteStateDir' }),
    after(0, { kind: 'editFile', service: 0 }),
    after(100, { kind: 'resume' }),
    after(7_000, { kind: 'resume' }),
    after(7_000, { kind: 'commentEdit' }),
  ),
  'a file is edited while paused, and reading the configuration hangs when it is resumed': one(
    PAIR,
    after(1_500, { kind: 'pause' }),
    after(600, { kind: 'editFile', service: 0 }),
    after(0, { kind: 'badEdit', how: 'hangs' }),
    after(100, { kind: 'resume' }),
    after(7_000, { kind: 'commentEdit' }),
  ),
};
