// A start that comes to nothing before there is a process: whose fault it is said to be.
import { expect, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import type { InstanceEvent } from '../../src/core/model.ts';
import { InstanceStarts, type InstanceStartsOptions } from '../../src/supervisor/instances/instance-starts.ts';
import type { OutputFifos } from '../../src/supervisor/instances/outputs.ts';
import { slotOf, spec } from '../core/fixtures.ts';

test.each([
  ['EMFILE', false],
  ['ENOSPC', true],
])('%s on the way to a process is charged to the service: %s', async (code, countsAsFailure) => {
  const streams: Pick<OutputFifos, 'open' | 'of'> = {
    open: async () => undefined,
    of: () => {
      throw Object.assign(new Error(code), { code });
    },
  };
  const event = await new Promise<InstanceEvent>((resolve) => {
    const options: Partial<InstanceStartsOptions> = {
      paths: projectPaths('/projects/a'),
      resources: { isNeeded: () => false } as unknown as InstanceStartsOptions['resources'],
      launchContext: () => ({}) as ReturnType<InstanceStartsOptions['launchContext']>,
      mayStart: () => true,
      expectSignals: () => null,
      receive: (_id, _nonce, received) => resolve(received),
    };
    const starts = new InstanceStarts(options as InstanceStartsOptions, streams as OutputFifos);
    const api = spec('api');
    starts.start(slotOf(api, 1), api, 'nonce');
  });
  expect(event).toMatchObject({ kind: 'spawnFailed', exit: { spawnError: code }, countsAsFailure });
});

test.each([
  ['its equipment fails with that', { ok: false, errno: 'ECANCELED', detail: 'not wanted any more', transient: false }],
  ['its equipment is there all the same', { ok: true, stdin: 'ignore', more: [] }],
] as const)(
  'a start that is given up while it is equipped is no failure and begins nothing: %s',
  async (_, equipment) => {
    const received: InstanceEvent[] = [];
    let equip: () => void = () => undefined;
    const isEquipped = new Promise<void>((resolve) => {
      equip = resolve;
    });
    const outfitter = { isNeeded: () => true, acquire: () => isEquipped.then(() => equipment), cancel: () => equip() };
    const streams: Pick<OutputFifos, 'open' | 'of'> = {
      open: async () => undefined,
      of: () => {
        throw new Error('it goes on to a process');
      },
    };
    const told = new Promise<void>((resolve) => {
      const options: Partial<InstanceStartsOptions> = {
        paths: projectPaths('/projects/a'),
        resources: outfitter as unknown as InstanceStartsOptions['resources'],
        launchContext: () => ({}) as ReturnType<InstanceStartsOptions['launchContext']>,
        mayStart: () => true,
        expectSignals: () => null,
        receive: (_id, _nonce, event) => {
          received.push(event);
          resolve();
        },
      };
      const starts = new InstanceStarts(options as InstanceStartsOptions, streams as OutputFifos);
      const api = spec('api');
      const slot = slotOf(api, 1, { phase: { kind: 'starting', nonce: 'nonce', sinceMs: 0 } });
      starts.start(slot, api, 'nonce');
      // Its turn has come and it is being equipped.
      setImmediate(() => starts.abandon(slot));
    });
    await told;
    expect(received).toEqual([{ kind: 'startAbandoned' }]);
  },
);

test('a start that was given up before it was handed over does not begin', async () => {
  const received = await new Promise<InstanceEvent>((resolve) => {
    const options: Partial<InstanceStartsOptions> = {
      paths: projectPaths('/projects/a'),
      resources: { isNeeded: () => false, cancel: () => undefined } as unknown as InstanceStartsOptions['resources'],
      launchContext: () => ({}) as ReturnType<InstanceStartsOptions['launchContext']>,
      mayStart: () => true,
      expectSignals: () => null,
      receive: (_id, _nonce, event) => resolve(event),
    };
    const streams = { open: async () => undefined } as unknown as OutputFifos;
    const starts = new InstanceStarts(options as InstanceStartsOptions, streams);
    const api = spec('api');
    const slot = slotOf(api, 1, { phase: { kind: 'starting', nonce: 'nonce', sinceMs: 0 } });
    starts.abandon(slot);
    starts.start(slot, api, 'nonce');
  });
  expect(received).toEqual({ kind: 'startAbandoned' });
});
