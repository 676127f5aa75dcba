// A start that fails before there is a process: whether the failure counts, and what a start that was given up reports.

import { expect, test } from 'vitest';
import type { InstanceEvent } from '../../src/core/instance-event.ts';
import type { Slot } from '../../src/core/slot.ts';
import { InstanceStarts, type StartParts } from '../../src/supervisor/instances/instance-starts.ts';
import { slotOf, spec } from '../core/fixtures.ts';
import { contextOf } from './context.ts';

const api = spec('api');
const starting = (): Slot => slotOf(api, 1, { phase: { kind: 'starting', nonce: 'nonce', sinceMs: 0 } });

/** @param of called for the outputs of a process about to be spawned */
function startsWith(resources: object, of: () => never) {
  let report: (event: InstanceEvent) => void = () => undefined;
  const outcome = new Promise<InstanceEvent>((resolve) => {
    report = resolve;
  });
  const parts = {
    outputs: { open: async () => undefined, of },
    resources: { isNeeded: () => false, cancel: () => undefined, ...resources },
    signals: { expect: () => null },
    channels: { open: () => null },
    mayStart: () => true,
    onBatch: () => undefined,
  } as unknown as StartParts;
  const received: InstanceEvent[] = [];
  const receive = (_id: string, _nonce: string | null, event: InstanceEvent): void => {
    received.push(event);
    report(event);
  };
  return { starts: new InstanceStarts(contextOf({ inbox: { receive } }), parts), outcome, received };
}

const failWith = (code: string) => (): never => {
  throw Object.assign(new Error(code), { code });
};

test.each([
  ['EMFILE', false],
  ['ENOSPC', true],
])('%s before the spawn counts as a failure of the service: %s', async (code, countsAsFailure) => {
  const { starts, outcome } = startsWith({}, failWith(code));
  starts.start(slotOf(api, 1), api, 'nonce');
  expect(await outcome).toMatchObject({ kind: 'spawnFailed', exit: { spawnError: code }, countsAsFailure });
});

test.each([
  ['fails for it', { ok: false, errno: 'ECANCELED', detail: 'not wanted any more', transient: false }],
  ['succeeds', { ok: true, stdin: 'ignore', more: [] }],
] as const)('a start given up while its resources are acquired is abandoned when acquiring %s', async (_, acquired) => {
  let cancel: () => void = () => undefined;
  const isCancelled = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const resources = { isNeeded: () => true, acquire: () => isCancelled.then(() => acquired), cancel: () => cancel() };
  const { starts, outcome, received } = startsWith(resources, failWith('the start continues'));
  const slot = starting();
  starts.start(slot, api, 'nonce');
  // By then its batch has come and its resources are being acquired.
  setImmediate(() => starts.abandon(slot));
  await outcome;
  expect(received).toEqual([{ kind: 'startAbandoned' }]);
});

test('a start given up before it is queued does not begin', async () => {
  const { starts, outcome } = startsWith({}, failWith('the start continues'));
  const slot = starting();
  starts.abandon(slot);
  starts.start(slot, api, 'nonce');
  expect(await outcome).toEqual({ kind: 'startAbandoned' });
});
