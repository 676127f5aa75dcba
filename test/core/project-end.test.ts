// When what has ended ends the project, and with which exit code.
import { expect, test } from 'vitest';
import { projectEndOf } from '../../src/core/project-end.ts';
import { shellExitCode } from '../../src/core/shell-exit-code.ts';
import type { Exit, Overrides, Phase, Slot } from '../../src/core/slot.ts';
import { emptySlotOf, slotSpecOf } from '../../src/core/slot.ts';
import { type InstanceId, instanceId, type ServiceSpec } from '../../src/core/spec.ts';
import { transition } from '../../src/core/transition.ts';
import { desire, spec } from './fixtures.ts';

const COMPLETED: Phase = { kind: 'completed', atMs: 0 };
const FAILED: Phase = { kind: 'failed', atMs: 0, reason: 'ended badly' };
const IDLE: Phase = { kind: 'idle' };

function endOf(
  changes: Partial<ServiceSpec>,
  phases: Phase[],
  lastExit: Exit | null = null,
  overrides?: Partial<Overrides>,
) {
  const service = spec('one', { pool: phases.length, ...changes });
  const slots = new Map<InstanceId, Slot>();
  for (const [index, phase] of phases.entries()) {
    const id = instanceId('one', index + 1);
    slots.set(id, { ...emptySlotOf(id, service.name), phase, lastExit, spec: slotSpecOf(service) });
  }
  return projectEndOf(desire([service, spec('other')], overrides), slots);
}

const ON_END = { onEnd: 'down' } as const;
const ON_FAILURE = { onFailure: 'down' } as const;

test.for<[string, Partial<ServiceSpec>, Phase[], Exit | null, number | null]>([
  ['neither key', {}, [FAILED], { code: 1 }, null],
  ['a completed task', ON_END, [COMPLETED], { code: 0 }, 0],
  ['a failed task', ON_END, [FAILED], { code: 3 }, 3],
  ['a completed task that only fails the project', ON_FAILURE, [COMPLETED], { code: 0 }, null],
  ['a failed task that fails the project', ON_FAILURE, [FAILED], { signal: 'SIGKILL' }, 137],
  ['one of a pool', ON_END, [COMPLETED, IDLE], { code: 0 }, null],
  ['all of a pool', ON_END, [COMPLETED, COMPLETED], { code: 0 }, 0],
  ['a failure in a pool', ON_END, [IDLE, FAILED], { code: 2 }, 2],
  ['an unhealthy one that exited with 0', ON_END, [FAILED], { code: 0 }, 1],
  ['a program that does not exist', ON_FAILURE, [FAILED], { spawnError: 'ENOENT', detail: '' }, 127],
])('%s', ([, changes, phases, exit, code]) => {
  expect(endOf(changes, phases, exit)?.exitCode ?? null).toBe(code);
});

test('instances that are stopped by hand do not count, the others do', () => {
  expect(endOf(ON_END, [IDLE], null, { stopped: ['one'] })).toBeNull();
  expect(endOf(ON_END, [COMPLETED, IDLE], { code: 0 }, { stopped: ['one.2'] })).toMatchObject({ instance: 'one.1' });
});

test('an edit holds for the next end only', () => {
  const slot = { ...emptySlotOf(instanceId('one', 1), spec('one').name), spec: slotSpecOf(spec('one')) };
  const now = slotSpecOf(spec('one', ON_END));
  const event = { kind: 'specUpdated', spec: now } as const;
  expect(transition({ ...slot, phase: COMPLETED }, event, 0).spec?.onEnd).toBeUndefined();
  expect(transition({ ...slot, phase: IDLE }, event, 0).spec?.onEnd).toBe('down');
});

test('exit codes are those of a shell', () => {
  expect(shellExitCode({ signal: 'SIGTERM' })).toBe(143);
  expect(shellExitCode({ spawnError: 'EACCES', detail: '' })).toBe(126);
  expect(shellExitCode({ unknown: true })).toBe(1);
});
