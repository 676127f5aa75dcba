// A start that comes to nothing before there is a process: whose fault it is said to be.
import { expect, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import type { InstanceEvent } from '../../src/core/model.ts';
import { InstanceStarts, type InstanceStartsOptions } from '../../src/supervisor/perform/instance-starts.ts';
import type { StreamTable } from '../../src/supervisor/perform/streams.ts';
import { slotOf, spec } from '../core/fixtures.ts';

test.each([
  ['EMFILE', false],
  ['ENOSPC', true],
])('%s on the way to a process is charged to the service: %s', async (code, charged) => {
  const streams: Pick<StreamTable, 'open' | 'of'> = {
    open: async () => undefined,
    of: () => {
      throw Object.assign(new Error(code), { code });
    },
  };
  const event = await new Promise<InstanceEvent>((resolve) => {
    const options: Partial<InstanceStartsOptions> = {
      paths: projectPaths('/projects/a'),
      outfitter: { isNeeded: () => false } as unknown as InstanceStartsOptions['outfitter'],
      launchContext: () => ({}) as ReturnType<InstanceStartsOptions['launchContext']>,
      mayStart: () => true,
      receive: (_id, _nonce, received) => resolve(received),
    };
    const starts = new InstanceStarts(options as InstanceStartsOptions, streams as StreamTable);
    const api = spec('api');
    starts.start(slotOf(api, 1), api, 'nonce');
  });
  expect(event).toMatchObject({ kind: 'spawnFailed', exit: { spawnError: code }, charged });
});
