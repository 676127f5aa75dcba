// When the supervisor's end starts a log writer: later than the first instances, unless something waits for it.
import { existsSync, mkdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { projectPaths } from '../../src/api/paths.ts';
import { type LogWriterClient, startLogWriter } from '../../src/logs/log-writer-client.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';

/** @returns `hasStarted`: the file that a writer's output goes to is opened when it is started */
function openClient() {
  const root = temporaryDirectory('writer-start');
  const paths = projectPaths(root);
  mkdirSync(paths.socketDir, { recursive: true });
  const ended: string[] = [];
  const client = startLogWriter(paths, {
    onLost: () => undefined,
    onEvent: ({ type }) => ended.push(type),
    entry: '/dev/null',
    startWithinMs: 60_000,
  });
  onTestFinished(() => client.close());
  return { client, ended, hasStarted: () => existsSync(paths.supervisorLog) };
}

const expectation = { instance: 'a.1', nonce: 'n', patterns: ['ready'] };
const waysToStart: [string, (client: LogWriterClient) => unknown][] = [
  ['start', (client) => client.start()],
  ['an expectation of a line', (client) => client.expect(expectation, 0)],
  ['a request that waits for the writer', (client) => client.whenUpToDate(0)],
];

test.for(waysToStart)('%s starts the log writer, and nothing else does', async ([, start]) => {
  const { client, ended, hasStarted } = openClient();
  client.guard(null);
  void client.configure([]);
  void client.attach([{ instance: 'a.1', service: 'a', queue: 'q', outPath: '/o', errPath: '/e' }]);
  // Long enough for the first attempt to connect, after which a writer would be started.
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(hasStarted()).toBe(false);
  void start(client);
  await waitFor(
    'the program has ended',
    () => ended.length,
    (count) => count > 0,
  );
  expect(hasStarted()).toBe(true);
});
