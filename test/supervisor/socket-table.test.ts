// The keeper of held sockets is one at a time, also when the set of sockets grows while one is only just starting.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ListenAddress } from '../../src/core/spec.ts';
import { ServiceSockets } from '../../src/supervisor/instances/service-sockets.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';
import { contextOf } from './context.ts';

test('a keeper that does not listen yet is replaced', async () => {
  const directory = temporaryDirectory('keeper');
  const keeperPath = join(directory, 'held.sock');
  const addresses = [1, 2, 3].map(
    (n): ListenAddress => ({ kind: 'unix', path: join(directory, `${n}.sock`), name: `${n}` }),
  );
  const context = contextOf({
    paths: { ...contextOf().paths, keeperSocket: keeperPath, stateFile: join(directory, 'state.json') },
  });
  const table = new ServiceSockets(context);
  table.configure([{ listen: addresses }]);
  // One after the other, and no pause in which a keeper could begin to listen.
  for (const address of addresses) expect(await table.descriptors([address])).toHaveLength(1);
  const last = await waitFor(
    'one keeper has all of them',
    () => keepers(keeperPath),
    (found) => found.length === 1,
    5_000,
  );
  expect(JSON.parse(last[0]!)).toHaveLength(3);
  await table.close();
  expect(keepers(keeperPath)).toEqual([]);
  expect(context.reported).toEqual([]);
});

/** The sockets that each live keeper at this path received. */
function keepers(path: string): string[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const words = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      return words[2] === path ? [words[3]!] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
}
