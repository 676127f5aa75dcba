// Following a ref: every state against every event that matters, as a table.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterGivingUp,
  afterMove,
  afterProof,
  afterRejection,
  commitInForce,
  decideFollow,
  type FollowFacts,
  type FollowState,
  type FollowStep,
} from '../../src/core/follow.ts';

const REF = {
  name: 'origin/main',
  full: 'refs/remotes/origin/main',
  takesRewrites: false,
  fetchEveryMs: null,
  timeoutMs: 1,
};
const GOOD: FollowState = { ref: REF, good: 'a', phase: { kind: 'settled', commit: 'a' }, bad: null, excused: [] };
const FIRST: FollowState = { ...GOOD, good: null, phase: { kind: 'proving', commit: 'a', isOurs: false } };
const PROVING: FollowState = { ...GOOD, phase: { kind: 'proving', commit: 'b', isOurs: true } };
const BY_HAND: FollowState = { ...GOOD, phase: { kind: 'proving', commit: 'b', isOurs: false } };
const MOVING: FollowState = { ...GOOD, phase: { kind: 'moving', from: 'a', to: 'b', reason: { kind: 'forward' } } };
const REWRITES: FollowState = { ...GOOD, ref: { ...REF, takesRewrites: true } };
const BAD: FollowState = { ...GOOD, bad: { commit: 'b', kind: 'failed', because: 'x' } };

const STILL: FollowFacts = {
  ...{ target: 'a', head: 'a', relation: 'same', continuesGood: false, isCheckedOut: false, obstacle: null },
  ...{ isPaused: false, checked: null, verdict: { kind: 'pending' } },
};
const NEW: FollowFacts = { ...STILL, target: 'b', relation: 'newer', continuesGood: true };
const VALID: FollowFacts = { ...NEW, checked: { commit: 'b', result: 'valid' } };
const dirt = { because: 'dirt', command: 'git stash' };
const failed = { kind: 'failed', because: 'it crashed' } as const;
/** `b` is in force, and the ref is there. */
const AT_B: FollowFacts = { ...STILL, target: 'b', head: 'b' };
const move = (from: string, to: string, kind: 'forward' | 'by_hand' = 'forward') => ({
  do: 'move',
  phase: { kind: 'moving', from, to, reason: { kind } },
});
const back = {
  do: 'move',
  phase: { kind: 'moving', from: 'b', to: 'a', reason: { kind: 'back', because: 'it crashed' } },
};
const holds = (rule: string) => ({ do: 'hold', hold: { rule } });

const rows: [what: string, state: FollowState, facts: FollowFacts, step: object][] = [
  ['nothing new', GOOD, STILL, { do: 'nothing' }],
  ['the first commit is waited for', FIRST, VALID, { do: 'nothing' }],
  ['the first commit converges', FIRST, { ...NEW, verdict: { kind: 'met' } }, { do: 'accept' }],
  [
    'the first commit fails, nothing new',
    FIRST,
    { ...STILL, verdict: failed },
    { do: 'give_up', because: 'it crashed' },
  ],
  ['the first commit fails, a newer one is there', FIRST, { ...VALID, verdict: failed }, move('a', 'b')],
  ['a new commit is looked at first', GOOD, NEW, { do: 'check', commit: 'b' }],
  [
    'another commit was looked at',
    GOOD,
    { ...NEW, checked: { commit: 'c', result: 'valid' } },
    { do: 'check', commit: 'b' },
  ],
  ['a valid commit', GOOD, VALID, move('a', 'b')],
  [
    'an invalid commit, whatever the work tree is like',
    GOOD,
    { ...VALID, checked: { commit: 'b', result: 'invalid', because: 'x' }, obstacle: dirt },
    { do: 'reject', commit: 'b', because: 'x' },
  ],
  ['a commit that is bad is not tried again', BAD, VALID, { do: 'nothing' }],
  ['the ref has moved on from a bad commit', BAD, { ...NEW, target: 'c' }, { do: 'check', commit: 'c' }],
  ['the policy holds it', GOOD, { ...VALID, checked: { commit: 'b', result: 'held', because: 'x' } }, holds('policy')],
  ['the work tree is not clean', GOOD, { ...VALID, obstacle: dirt }, holds('work_tree')],
  ['dirt without a new commit', GOOD, { ...STILL, obstacle: dirt }, { do: 'nothing' }],
  ['edits are paused', GOOD, { ...VALID, isPaused: true }, holds('paused')],
  ['a pause without a new commit', GOOD, { ...STILL, isPaused: true }, { do: 'nothing' }],
  ['the ref is gone', GOOD, { ...STILL, target: null }, holds('ref_gone')],
  ['the followed branch is checked out', GOOD, { ...STILL, isCheckedOut: true }, holds('checked_out')],
  ['the ref was rewritten', GOOD, { ...VALID, relation: 'rewritten' }, holds('rewritten')],
  ['a shallow clone', GOOD, { ...VALID, relation: 'unknown' }, holds('rewritten')],
  ['rewritten, and that was asked for', REWRITES, { ...VALID, relation: 'rewritten' }, move('a', 'b')],
  ['back in history, and that was asked for', REWRITES, { ...VALID, relation: 'older' }, move('a', 'b')],
  ['commits of the clone on top', GOOD, { ...VALID, relation: 'older' }, { do: 'nothing' }],
  ['another hand checks a commit out', GOOD, { ...AT_B }, move('a', 'b', 'by_hand')],
  ['another hand, during a pause', GOOD, { ...AT_B, isPaused: true }, holds('paused')],
  ['it converges', PROVING, { ...AT_B, verdict: { kind: 'met' } }, { do: 'accept' }],
  ['it is waited for', PROVING, AT_B, { do: 'nothing' }],
  ['it fails', PROVING, { ...AT_B, verdict: failed }, back],
  ['it fails, and the files have changed', PROVING, { ...AT_B, verdict: failed, obstacle: dirt }, holds('work_tree')],
  ['it fails during a pause', PROVING, { ...AT_B, verdict: failed, isPaused: true }, holds('paused')],
  ['it fails, and the ref is gone', PROVING, { ...AT_B, target: null, verdict: failed }, back],
  [
    'it fails, and its branch is checked out',
    PROVING,
    { ...AT_B, isCheckedOut: true, verdict: failed },
    { do: 'give_up' },
  ],
  ['that of another hand fails', BY_HAND, { ...AT_B, verdict: failed }, { do: 'give_up' }],
  [
    'it fails, and a newer one is there',
    PROVING,
    { ...AT_B, target: 'c', relation: 'newer', verdict: failed },
    { do: 'check', commit: 'c' },
  ],
  [
    'a newer one comes before the verdict',
    PROVING,
    { ...AT_B, target: 'c', relation: 'newer', checked: { commit: 'c', result: 'valid' } },
    move('b', 'c'),
  ],
  [
    'it was taken out of the ref again before the verdict',
    PROVING,
    { ...AT_B, target: 'c', relation: 'rewritten', continuesGood: true, checked: { commit: 'c', result: 'valid' } },
    move('b', 'c'),
  ],
  ['a rewrite without the good commit', PROVING, { ...AT_B, target: 'c', relation: 'rewritten' }, holds('rewritten')],
  ['interrupted before the move', MOVING, { ...NEW, head: 'a' }, { do: 'move', phase: MOVING.phase }],
  ['interrupted after the move', MOVING, AT_B, { do: 'move', phase: MOVING.phase }],
  ['interrupted, also during a pause', MOVING, { ...AT_B, isPaused: true }, { do: 'move', phase: MOVING.phase }],
  ['interrupted, and a person has changed files', MOVING, { ...NEW, obstacle: dirt }, holds('work_tree')],
  ['interrupted, and another hand was faster', MOVING, { ...AT_B, head: 'c' }, move('a', 'c', 'by_hand')],
];

test.each(rows)('%s', (_what, state, facts, step) => {
  expect(decideFollow(state, facts)).toMatchObject(step);
});

describe('what follows a step', () => {
  test('a move forward is to be proven; what was degraded before is remembered', () => {
    const moving = { kind: 'moving', from: 'a', to: 'b', reason: { kind: 'forward' } } as const;
    const after = afterMove(GOOD, moving, ['mailer.1']);
    expect(after).toEqual({ ...PROVING, excused: ['mailer.1'] });
    expect(commitInForce(after)).toBe('b');
    expect(afterProof(after)).toEqual({ ...GOOD, good: 'b', phase: { kind: 'settled', commit: 'b' } });
  });

  test('a move back leaves the bad commit behind', () => {
    const moving = { kind: 'moving', from: 'b', to: 'a', reason: { kind: 'back', because: 'x' } } as const;
    expect(afterMove(PROVING, moving, [])).toEqual({ ...GOOD, bad: { commit: 'b', kind: 'failed', because: 'x' } });
  });

  test('without a good commit, the bad one stays', () => {
    expect(afterGivingUp(FIRST, 'x')).toMatchObject({ good: null, phase: { commit: 'a' }, bad: { commit: 'a' } });
  });

  test('a rejected commit is remembered, and changes nothing else', () => {
    expect(afterRejection(GOOD, 'b', 'x')).toEqual({ ...GOOD, bad: { commit: 'b', kind: 'rejected', because: 'x' } });
  });
});

/** A repository with one line of commits, of which some are invalid and some do not converge; and a deaf, tireless loop. */
test('it comes to rest, at a commit that is good or that nothing can replace; the newest good one wins', () => {
  const commit = fc.constantFrom('good', 'invalid', 'failing');
  fc.assert(
    fc.property(
      fc.array(commit, { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(3), { maxLength: 40 }),
      (line, times) => {
        const commits = ['good', ...line];
        let state: FollowState = { ...FIRST, phase: { kind: 'proving', commit: '0', isOurs: false } };
        let [head, ref, rests] = [0, 0, 0];
        const checkedOut: number[] = [];
        for (let step = 0; rests < 2; step++) {
          if (step > 400) throw new Error('it never rests');
          if (rests > 0 || (times[step] ?? 0) === 0) ref = Math.min(ref + 1, commits.length - 1);
          const kind = commits[ref]!;
          const facts: FollowFacts = {
            ...STILL,
            ...{ target: String(ref), head: String(head), continuesGood: true },
            relation: ref === head ? 'same' : ref > head ? 'newer' : 'older',
            checked: {
              commit: String(ref),
              ...(kind === 'invalid' ? { result: 'invalid', because: 'x' } : { result: 'valid' }),
            },
            verdict: commits[head] === 'good' ? { kind: 'met' } : failed,
          };
          const next: FollowStep = decideFollow(state, facts);
          rests = next.do === 'nothing' && ref === commits.length - 1 ? rests + 1 : 0;
          if (next.do === 'accept') state = afterProof(state);
          if (next.do === 'give_up') state = afterGivingUp(state, next.because);
          if (next.do === 'reject') state = afterRejection(state, next.commit, next.because);
          if (next.do === 'move') {
            head = Number(next.phase.to);
            checkedOut.push(head);
            state = afterMove({ ...state, phase: next.phase }, next.phase, []);
          }
        }
        expect(commits[head]).toBe('good');
        expect(state.good).toBe(String(head));
        expect(checkedOut.filter((index) => commits[index] === 'invalid')).toEqual([]);
        // Nothing newer than what is in force would have converged, of the commits that the ref has rested at.
        expect(commits.at(-1) === 'good' ? head : commits.length - 1).toBe(commits.length - 1);
      },
    ),
    { numRuns: 500 },
  );
});
