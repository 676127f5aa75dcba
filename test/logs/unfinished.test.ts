// The log writer tells readers of unfinished lines, and only of those: not of lines that a flood is about to end.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readUnfinished, UnfinishedFollower } from '../../src/logs/reader/unfinished-lines.ts';
import { findWriter, LogRig, until } from './rig.ts';

let rig: LogRig;
let follower: UnfinishedFollower | null;
let changes: number;
beforeEach(async () => {
  rig = await LogRig.open();
  await rig.client.configure([rig.queue()]);
  await rig.attach(['api.1', 'api.2']);
  follower = null;
  changes = 0;
});
afterEach(async () => {
  follower?.close();
  await rig.close();
});

const selection = () => ({ socket: rig.paths.logSocket, queues: new Set(['main']), passes: () => true });
const current = () => follower!.current.map(({ instance, stream, line }) => `${instance} ${stream} ${line}`);

function follow(): void {
  follower = new UnfinishedFollower(selection(), () => {
    changes += 1;
  });
}

test('both streams of each instance; a character that is cut is left out until it is whole', async () => {
  follow();
  const go = join(rig.paths.root, 'go');
  const child = rig.node(
    'api.1',
    `process.stderr.write('err');
     process.stdout.write(Buffer.from([0x61, 0xe2, 0x82]));
     const timer = setInterval(() => {
       if (!require('node:fs').existsSync(process.argv[1])) return;
       clearInterval(timer);
       process.stdout.write(Buffer.from([0xac]));
     }, 10);`,
    go,
  );
  await until(() => current().length === 2, 'both are known');
  expect(current().sort()).toEqual(['api.1 e err', 'api.1 o a']);
  writeFileSync(go, '');
  await until(() => current().includes('api.1 o a€'), 'the character is whole');
  await child.exited;
  expect((await readUnfinished(selection())).length).toBe(2);
  await rig.client.endOfOutput('api.1', 1000);
  expect(await readUnfinished(selection())).toEqual([]);
});

test('a flood has no unfinished lines, whatever its reads end with', async () => {
  follow();
  const child = rig.node(
    'api.1',
    `const { writeSync } = require('node:fs');
     const chunk = ('x'.repeat(999) + '\\n').repeat(1000); // fills the pipe: a read ends within a line
     const endMs = Date.now() + 1500;
     while (Date.now() < endMs) writeSync(1, chunk);`,
  );
  await child.exited;
  expect(changes).toBe(0);
});

test('a reader hears from the log writer that follows one that was killed', async () => {
  follow();
  rig.node('api.1', `process.stdout.write('one'); setTimeout(() => undefined, 60_000)`);
  await until(() => current().length === 1, 'the line is known');
  const pid = await rig.writerPid();
  process.kill(pid, 'SIGKILL');
  await until(() => current().length === 0, 'it is forgotten with its writer');
  await until(() => (findWriter(rig.paths.root) ?? pid) !== pid, 'the next one runs');
  rig.node('api.2', `process.stdout.write('two'); setTimeout(() => undefined, 60_000)`);
  await until(() => current().includes('api.2 o two'), 'the line of the next writer');
});

test('a reader keeps no log writer running', async () => {
  follow();
  const child = rig.node('api.1', `process.stdout.write('one'); setTimeout(() => undefined, 60_000)`);
  await until(() => current().length === 1, 'the line is known');
  rig.client.close();
  rig.releaseFifos();
  child.process.kill('SIGKILL');
  await until(() => findWriter(rig.paths.root) === null, 'the log writer has exited');
  expect(rig.lines(rig.queue().path)).toEqual([expect.stringMatching(/ api\.1 o one$/)]);
});

test('without a log writer there are none', async () => {
  expect(await readUnfinished({ ...selection(), socket: join(rig.paths.root, 'no.sock') })).toEqual([]);
});
