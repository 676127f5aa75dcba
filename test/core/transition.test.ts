// Tables for src/core/transition.ts: rows of state, input and what must follow.

import { describe, expect, it } from 'vitest';
import type { InstanceEvent } from '../../src/core/instance-event.ts';
import type { Phase, PhaseKind, Slot } from '../../src/core/slot.ts';
import type { ServiceSpec } from '../../src/core/spec.ts';
import { isLostOnCrash, transition } from '../../src/core/transition.ts';
import { alive, incarnation, PROBE, STOP, slotOf, spec } from './fixtures.ts';
import { TRANSITIONS } from './transition-table.ts';

const NOW = 5_000;
const service = spec('api');
const ending: Extract<Phase, { kind: 'ending' }> = {
  kind: 'ending',
  process: incarnation(),
  startedMs: 0,
  sinceMs: 4_000,
  adopted: false,
  cause: 'unwanted',
  because: 'not wanted any more',
  exit: null,
  step: 'term',
  escalated: 0,
  deadlineMs: 6_000,
  nextCheckMs: 4_000,
  checkGapMs: 10,
};

const phases: Record<PhaseKind, Phase> = {
  idle: { kind: 'idle' },
  blocked: { kind: 'blocked', by: 'another project' },
  starting: { kind: 'starting', nonce: 'n', sinceMs: 4_000 },
  alive: alive(),
  ending,
  backoff: { kind: 'backoff', untilMs: 9_000, because: null },
  completed: { kind: 'completed', atMs: 1 },
  failed: { kind: 'failed', atMs: 1, reason: 'why' },
};

const specOf = slotOf(service, 1).spec!;
const earlierEnd = {
  phase: { kind: 'completed', atMs: 1 },
  spec: { ...specOf, specHash: 'api-v0' },
  failures: 3,
  recentFailuresMs: [1],
  lastExit: { code: 0 },
} as const satisfies Partial<Slot['earlierEnd']>;
const events: Record<InstanceEvent['kind'], InstanceEvent> = {
  startIntended: { kind: 'startIntended', nonce: 'n2', spec: specOf },
  spawned: { kind: 'spawned', process: incarnation(11), readiness: 'none' },
  spawnFailed: { kind: 'spawnFailed', exit: { spawnError: 'ENOENT', detail: 'not found' }, countsAsFailure: true },
  startRefused: { kind: 'startRefused', by: 'other' },
  startAbandoned: { kind: 'startAbandoned' },
  adopted: { kind: 'adopted', process: incarnation(12), sinceMs: 1, spec: specOf, readiness: 'none' },
  exited: { kind: 'exited', exit: { code: 1 } },
  stopIntended: { kind: 'stopIntended', cause: 'unwanted', because: 'not wanted any more' },
  takenOver: { kind: 'takenOver', by: 'other' },
  drained: { kind: 'drained', because: null },
  termIntended: { kind: 'termIntended' },
  escalateIntended: { kind: 'escalateIntended', signal: 'SIGINT' },
  killIntended: { kind: 'killIntended' },
  emptied: { kind: 'emptied' },
  leftoversFound: { kind: 'leftoversFound' },
  readinessChanged: { kind: 'readinessChanged', readiness: 'passing', because: null },
  unhealthy: { kind: 'unhealthy', because: 'tcp 80: refused' },
  specUpdated: { kind: 'specUpdated', spec: { ...specOf, dependsOn: [] } },
  runScheduled: { kind: 'runScheduled', atMs: 7_000 },
  restartRequested: { kind: 'restartRequested' },
  returned: { kind: 'returned' },
  rearmed: { kind: 'rearmed' },
};

describe('transition: every state × event cell', () => {
  for (const [event, row] of Object.entries(TRANSITIONS) as [
    InstanceEvent['kind'],
    Record<PhaseKind, PhaseKind | '-'>,
  ][]) {
    for (const [phase, expected] of Object.entries(row) as [PhaseKind, PhaseKind | '-'][]) {
      it(`${phase} + ${event} → ${expected}`, () => {
        const slot = slotOf(service, 1, { phase: phases[phase], earlierEnd: structuredClone(earlierEnd) });
        const after = transition(slot, events[event], NOW);
        if (expected === '-') expect(after).toBe(slot);
        else expect(after.phase.kind).toBe(expected);
      });
    }
  }
});

describe('transition: what the kinds do not show', () => {
  const fold = (slot: Slot, ...list: InstanceEvent[]): Slot =>
    list.reduce((s, event) => transition(s, event, NOW), slot);
  const stoppingSlot = (changes: Partial<typeof ending>): Slot =>
    slotOf(service, 1, { phase: { ...ending, ...changes } });

  it('counts a second start as a restart, the first not', () => {
    const fresh = slotOf(service, 1, { spec: null });
    expect(fold(fresh, events.startIntended).restarts).toBe(0);
    expect(fold(slotOf(service, 1), events.startIntended).restarts).toBe(1);
  });

  it('forgets failures when the spec is another one', () => {
    const failing = slotOf(service, 1, { failures: 7, recentFailuresMs: [1, 2] });
    const other = { ...specOf, specHash: 'api-v2' };
    expect(fold(failing, { kind: 'startIntended', nonce: 'x', spec: other }).failures).toBe(0);
    expect(fold(failing, events.startIntended).failures).toBe(7);
  });

  it('remembers how an instance had ended before another version until it returns to that', () => {
    const given = { failures: 7, recentFailuresMs: [1, 2], lastExit: { code: 1 } };
    const ended = slotOf(service, 1, { phase: phases.failed, ...given });
    const other = { ...specOf, specHash: 'api-v2' };
    const started = fold(ended, { kind: 'startIntended', nonce: 'x', spec: other });
    expect(started).toMatchObject({ failures: 0, earlierEnd: { phase: phases.failed, spec: specOf, ...given } });
    const returned = fold(started, events.startAbandoned, events.returned);
    expect(returned).toMatchObject({ phase: phases.failed, spec: specOf, ...given, earlierEnd: null });
  });

  it('forgets how an instance had ended in a version once that is started again, or a command wants it', () => {
    const other = { ...specOf, specHash: 'api-v2' };
    const start = (spec: Slot['spec']) => ({ kind: 'startIntended', nonce: 'x', spec: spec! }) as const;
    const failed = slotOf(service, 1, { phase: phases.failed });
    expect(fold(failed, start(other), events.startAbandoned, start(specOf)).earlierEnd).toBeNull();
    expect(fold(failed, start(other), events.startAbandoned, events.rearmed).earlierEnd).toBeNull();
    expect(fold(slotOf(service, 1), start(other)).earlierEnd).toBeNull();
    expect(fold(failed, start(specOf)).earlierEnd).toBeNull();
  });

  it('clears the tree before anything else when the main process ends by itself', () => {
    const slot = fold(slotOf(service, 1, { phase: alive() }), events.exited);
    expect(slot.phase).toMatchObject({ kind: 'ending', cause: 'exited', step: 'clear', exit: { code: 1 } });
  });

  it('gives leftovers of an ended process the whole grace period once', () => {
    const cleared = fold(slotOf(service, 1, { phase: alive() }), events.exited, events.leftoversFound);
    expect(cleared.phase).toMatchObject({ step: 'term', deadlineMs: NOW + 1_000 });
    const again = transition(cleared, events.leftoversFound, NOW + 500);
    expect(again.phase).toMatchObject({ step: 'term', deadlineMs: NOW + 1_000 });
  });

  it('does not hold a tree for empty while its own child has not reported its exit', () => {
    const slot = stoppingSlot({ exit: null });
    expect(transition(slot, events.emptied, NOW)).toBe(slot);
    expect(fold(stoppingSlot({ exit: null, adopted: true }), events.emptied)).toMatchObject({
      phase: { kind: 'idle' },
      lastExit: { unknown: true },
    });
  });

  it.each([
    ['unwanted', { code: 1 }, 'idle'],
    ['replaced', { signal: 'SIGTERM' }, 'idle'],
    ['exited', { code: 0 }, 'completed'],
    ['exited', { code: 1 }, 'backoff'],
    ['exited', { unknown: true }, 'backoff'],
    ['unhealthy', { signal: 'SIGTERM' }, 'backoff'],
  ] as const)('an empty tree after %s with %j leads to %s', (cause, exit, expected) => {
    expect(fold(stoppingSlot({ cause, exit }), events.emptied).phase.kind).toBe(expected);
  });

  it('knows since when it is ready, and what stood against it', () => {
    const pending = fold(slotOf(service, 1, { phase: phases.starting }), {
      kind: 'spawned',
      process: incarnation(11),
      readiness: 'pending',
    });
    expect(pending.phase).toMatchObject({ readiness: 'pending', readinessSinceMs: NOW });
    const refused = transition(
      pending,
      { kind: 'readinessChanged', readiness: 'pending', because: 'refused' },
      NOW + 1,
    );
    expect(refused.phase).toMatchObject({ readiness: 'pending', readinessSinceMs: NOW, because: 'refused' });
    const ready = transition(refused, events.readinessChanged, NOW + 2);
    expect(ready.phase).toMatchObject({ readiness: 'passing', readinessSinceMs: NOW + 2, because: null });
  });

  it('goes from drain over the signals to SIGKILL within one grace period', () => {
    const escalate = [
      { signal: 'SIGINT', afterMs: 200 },
      { signal: 'SIGQUIT', afterMs: 300 },
    ];
    const stop = {
      ...STOP,
      graceMs: 1_000,
      escalate,
      drain: { by: { kind: 'signal', signal: 'SIGUSR1' }, timeoutMs: 5_000 },
    };
    const begun = fold(
      slotOf(spec('api', { stop } as Partial<ServiceSpec>), 1, { phase: alive() }),
      events.stopIntended,
    );
    expect(begun.phase).toMatchObject({ step: 'drain', deadlineMs: NOW + 5_000 });
    expect(transition(begun, events.drained, NOW + 9).phase).toMatchObject({ step: 'drain', deadlineMs: NOW + 9 });
    const steps = [
      [events.termIntended, { step: 'term', escalated: 0, deadlineMs: NOW + 200 }],
      [events.escalateIntended, { step: 'term', escalated: 1, deadlineMs: NOW + 300 }],
      [events.escalateIntended, { step: 'term', escalated: 2, deadlineMs: NOW + 500 }],
      [events.killIntended, { step: 'kill' }],
    ] as const;
    let slot = begun;
    for (const [event, expected] of steps) {
      slot = fold(slot, event);
      expect(slot.phase).toMatchObject(expected);
    }
    // An exit ends the drain; an unhealthy instance is drained only while it serves.
    expect(fold(begun, events.exited).phase).toMatchObject({ step: 'clear', exit: { code: 1 } });
    const unhealthy = { ...events.stopIntended, cause: 'unhealthy' } as InstanceEvent;
    const serving = slotOf(spec('api', { stop } as Partial<ServiceSpec>), 1, { phase: alive() });
    expect(fold(serving, events.unhealthy, unhealthy).phase).toMatchObject({ step: 'drain' });
    const isLost: InstanceEvent = { kind: 'unhealthy', because: 'no answer', isSilent: true };
    expect(fold(serving, isLost).phase).toMatchObject({ readiness: 'failing', because: 'no answer' });
    expect(fold(serving, isLost, unhealthy).phase).toMatchObject({ step: 'term' });
  });

  it('ends the input of a service only when no other incarnation continues to read it', () => {
    const stop = { ...STOP, drain: { by: { kind: 'end_of_input', queue: 'main' }, timeoutMs: 5_000 } };
    const slot = slotOf(spec('api', { stop } as Partial<ServiceSpec>), 1, { phase: alive() });
    const stepFor = (cause: string) => fold(slot, { ...events.stopIntended, cause } as InstanceEvent).phase;
    expect(stepFor('unwanted')).toMatchObject({ step: 'drain', deadlineMs: NOW + 5_000 });
    expect(stepFor('replaced')).toMatchObject({ step: 'term' });
    expect(stepFor('unhealthy')).toMatchObject({ step: 'term' });
  });

  it('once unhealthy stays so', () => {
    const unhealthy = fold(slotOf(service, 1, { phase: alive() }), events.unhealthy);
    expect(unhealthy.phase).toMatchObject({ unhealthy: 'tcp 80: refused' });
    expect(fold(unhealthy, { kind: 'unhealthy', because: 'another reason' })).toBe(unhealthy);
  });

  it('does not take over a spec of another version', () => {
    const slot = slotOf(service, 1);
    expect(fold(slot, { kind: 'specUpdated', spec: { ...specOf, specHash: 'v2' } })).toBe(slot);
  });

  it('counts an end for being unhealthy as a failure though the program obeyed', () => {
    const slot = fold(stoppingSlot({ cause: 'unhealthy', because: 'refused', exit: { code: 0 } }), events.emptied);
    expect(slot.phase).toMatchObject({ kind: 'backoff', because: 'refused' });
  });

  it('keeps the first exit that was reported', () => {
    const slot = fold(
      stoppingSlot({}),
      { kind: 'exited', exit: { code: 3 } },
      { kind: 'exited', exit: { unknown: true } },
    );
    expect(slot.phase).toMatchObject({ exit: { code: 3 } });
  });

  it.each([
    ['exited', { code: 0 }, 'never'],
    ['exited', { code: 1 }, 'never'],
    ['exited', { code: 1 }, 'always'],
    ['unhealthy', { signal: 'SIGTERM' }, 'on_failure'],
  ] as const)(
    'an empty tree after %s with %j, with a restart requested meanwhile, starts over (%s)',
    (cause, exit, policy) => {
      const declared = spec('job', { restart: { ...service.restart, policy, limit: { count: 1, withinMs: 60_000 } } });
      const clearing = slotOf(declared, 1, {
        phase: { ...ending, cause, exit },
        failures: 3,
        recentFailuresMs: [NOW - 2, NOW - 1],
      });
      const after = fold(clearing, events.restartRequested, events.emptied);
      expect(after).toMatchObject({ phase: { kind: 'idle' }, failures: 0, recentFailuresMs: [], lastExit: exit });
      expect(fold(after, events.startIntended).restartRequestedMs).toBeNull();
    },
  );

  it('remembers when a restart was asked for until the next start', () => {
    const asked = fold(slotOf(service, 1, { phase: alive() }), events.restartRequested);
    expect(asked.restartRequestedMs).toBe(NOW);
    expect(fold({ ...asked, phase: { kind: 'idle' } }, events.startIntended).restartRequestedMs).toBeNull();
    const starting = fold(slotOf(service, 1, { phase: phases.starting }), events.restartRequested);
    expect(fold(starting, events.spawned).restartRequestedMs).toBeNull();
    expect(fold(starting, events.spawnFailed).phase.kind).toBe('idle');
    expect(fold(starting, events.startRefused).phase.kind).toBe('idle');
    // A process that is taken over has begun before, or only now.
    expect(fold(starting, { ...events.adopted, sinceMs: NOW } as InstanceEvent).restartRequestedMs).toBe(NOW);
    expect(fold(starting, { ...events.adopted, sinceMs: NOW + 1 } as InstanceEvent).restartRequestedMs).toBeNull();
  });
});

describe('what a later supervisor could not find out', () => {
  const notifying = spec('api', { readiness: { ...PROBE, checks: [{ kind: 'notify' }] } });
  const messaging = spec('api', { startup: { ...PROBE, checks: [{ kind: 'ipc', message: 'ready' }] } });
  const probed = spec('api', { readiness: PROBE });
  const pending = { ...alive(), readiness: 'pending' } as Phase;
  const ready = { ...alive(), readiness: 'passing' } as Phase;
  it.each([
    ['a task has ended well', ending, phases.completed, service, true],
    ['a service gave up', ending, phases.failed, service, true],
    ['a process ended, and is started again, which is saved anyway', ending, phases.backoff, service, false],
    ['READY=1 came', pending, ready, notifying, true],
    ['READY=1 had come before', ready, ready, notifying, false],
    ['a message came', pending, ready, messaging, true],
    ['a repeated probe passed', pending, ready, probed, false],
  ] as [string, Phase, Phase, ServiceSpec, boolean][])('%s', (_, before, after, declared, expected) => {
    expect(isLostOnCrash(slotOf(declared, 1, { phase: before }), slotOf(declared, 1, { phase: after }), declared)).toBe(
      expected,
    );
  });
});
