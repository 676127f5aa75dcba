// The keeper of IPC channels: what a supervisor gets from it, what it remembers, and when it leaves.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { KeptChannels } from '../../src/os/ipc/kept-channels.ts';
import { makeDirectory, removeDirectory } from '../rig/temporary-directory.ts';
import { waitFor } from '../rig/wait-for.ts';

type Keeping = { channels: KeptChannels; heard: string[]; paths: { channelSocket: string; stateFile: string } };

/** A supervisor, so to speak. @param paths of an earlier one; left out: of a new directory */
function supervise(paths = newPlace()): Keeping {
  const heard: string[] = [];
  const channels = new KeptChannels(paths, {
    onReceived: (channel) => heard.push(`received from ${channel}`),
    onTooLong: (channel) => heard.push(`too long from ${channel}`),
    onLost: () => heard.push('lost'),
  });
  onTestFinished(() => channels.close());
  return { channels, heard, paths };
}

function newPlace() {
  const directory = makeDirectory('channels');
  onTestFinished(() => removeDirectory(directory));
  const stateFile = join(directory, 'state.json');
  writeFileSync(stateFile, '{}');
  return { channelSocket: join(directory, 'ipc.sock'), stateFile };
}

/** What a program would be, with descriptor 3 as its channel. */
async function startProgram({ channels }: Keeping, channel: string, expected = ['ready']): Promise<ChildProcess> {
  const end = await channels.open(channel, expected);
  const env = { ...process.env, NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' };
  const code = `process.on('message', (m) => process.stdout.write(JSON.stringify(m) + '\\n'));
    process.on('disconnect', () => process.stdout.write('disconnect\\n', () => process.exit()));
    require('readline').createInterface({ input: process.stdin }).on('line', (line) => process.send(JSON.parse(line)));`;
  const program = spawn(process.execPath, ['-e', code], { env, stdio: ['pipe', 'pipe', 'inherit', end.fd] });
  await once(program, 'spawn');
  end.close();
  onTestFinished(() => void program.kill('SIGKILL'));
  return program;
}

const say = (program: ChildProcess, message: unknown): void =>
  void program.stdin!.write(`${JSON.stringify(message)}\n`);

function linesOf(program: ChildProcess): string[] {
  const lines: string[] = [];
  program.stdout!.on('data', (chunk: Buffer) => lines.push(...chunk.toString().trim().split('\n')));
  return lines;
}

test('a message arrives once, both ways, and others are ignored', async () => {
  const keeping = supervise();
  const { channels, heard } = keeping;
  const program = await startProgram(keeping, 'one', ['ready', 'größe "1"']);
  const lines = linesOf(program);
  for (const message of ['ready', { type: 'ready' }, 7, 'warm', 'ready', 'größe "1"', { cmd: 'NODE_X' }]) {
    say(program, message);
    await channels.send('one', `after ${JSON.stringify(message)}`);
  }
  await waitFor(
    'both came',
    () => heard.length,
    (count) => count === 2,
  );
  expect(channels.hasReceived('one', 'ready')).toBe(true);
  expect(channels.hasReceived('one', 'größe "1"')).toBe(true);
  expect(channels.hasReceived('one', 'warm')).toBe(false);
  expect(await channels.send('another', 'shutdown')).toBe(false);
  await waitFor(
    'all came',
    () => lines.map((line) => JSON.parse(line) as string),
    (texts) => texts.length === 7 && texts.every((text) => text.startsWith('after ')),
  );
});

test('the next supervisor gets what was received, also of a channel that is closed, until it is forgotten', async () => {
  const first = supervise();
  const [stays, goes] = [await startProgram(first, 'stays'), await startProgram(first, 'goes')];
  const lines = linesOf(stays);
  say(stays, 'ready');
  say(goes, 'ready');
  await waitFor(
    'both came',
    () => first.heard.length,
    (count) => count === 2,
  );
  goes.kill('SIGKILL');
  await first.channels.handOver();
  const second = supervise(first.paths);
  await second.channels.resume('stays', ['ready', 'warm']);
  await waitFor(
    'both came again',
    () => second.heard.length,
    (count) => count === 2,
  );
  say(stays, 'warm');
  await waitFor('an edit counts', () => second.channels.hasReceived('stays', 'warm'), Boolean);
  expect([await second.channels.send('stays', 'hello'), await second.channels.send('goes', 'hello')]).toEqual([
    true,
    false,
  ]);
  await waitFor(
    'it came',
    () => lines.join(),
    (text) => text === '"hello"',
  );
  second.channels.forget('goes');
  await second.channels.handOver();
  const third = supervise(first.paths);
  await third.channels.resume('stays', ['ready']);
  await waitFor(
    'the rest came',
    () => third.heard.length,
    (count) => count === 2,
  );
  expect(third.heard).toEqual(['received from stays', 'received from stays']);
});

test('a keeper whose socket is removed is found again', async () => {
  const keeping = supervise();
  const program = await startProgram(keeping, 'one');
  const lines = linesOf(program);
  rmSync(keeping.paths.channelSocket);
  await startProgram(keeping, 'two');
  expect(await keeping.channels.send('two', 'hello')).toBe(true);
  expect(lines).toEqual([]);
  expect(keeping.heard).toEqual([]);
});

test('a connection that speaks another language is closed, and harms none', async () => {
  const keeping = supervise();
  const program = await startProgram(keeping, 'one');
  for (const text of ['hello\n', 'null\n', '7\n', '{}\n', `${'x'.repeat(1_000_000)}\n\n`]) {
    const stranger: Socket = connect(keeping.paths.channelSocket);
    stranger.on('error', () => undefined);
    stranger.write(text);
    stranger.resume();
    await once(stranger, 'close');
  }
  say(program, 'ready');
  await waitFor(
    'it came',
    () => keeping.heard,
    (heard) => heard.length === 1,
  );
});

test('without a supervisor and a program it leaves', async () => {
  const { channelSocket, stateFile } = newPlace();
  const { argv } = process;
  onTestFinished(() => {
    process.argv = argv;
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.removeAllListeners(signal);
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  process.argv = [...argv.slice(0, 2), channelSocket, stateFile];
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  await import('../../src/os/ipc/channel-keeper.ts');
  const [supervisor, program] = [connect(channelSocket), connect(channelSocket)];
  const heard: string[] = [];
  supervisor.on('data', (text) => heard.push(...text.toString().trim().split('\n')));
  program.on('data', (text) => heard.push(text.toString()));
  const answered = () =>
    waitFor(
      'it answers',
      () => heard.length,
      (count) => count > 0,
    );
  supervisor.write('{"supervisor":true}\n{"id":1,"send":"none","message":""}\n');
  await answered();
  vi.advanceTimersByTime(60_000);
  expect(exit).not.toHaveBeenCalled();
  program.write('{"channel":"one","expect":["ready"]}\n"ready"\n');
  await waitFor('it is a channel', () => heard.includes('{"channel":"one","received":"ready"}'), Boolean);
  supervisor.destroy();
  vi.advanceTimersByTime(60_000);
  expect(exit).not.toHaveBeenCalled();
  program.destroy();
  rmSync(stateFile);
  await waitFor(
    'it leaves',
    () => void vi.advanceTimersByTime(11_000),
    () => exit.mock.calls.length > 0,
  );
  expect(exit).toHaveBeenCalledWith(0);
  expect(existsSync(channelSocket)).toBe(false);
});
