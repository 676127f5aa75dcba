// The keeper's socket is removed again and again while a supervisor runs: the keeper listens again each time.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';

test('a keeper whose socket was removed many times keeps listening', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'orch-keeper-'));
  const [path, state] = [join(directory, 'held.sock'), join(directory, 'state.json')];
  const { argv } = process;
  onTestFinished(() => {
    process.argv = argv;
    for (const signal of ['SIGINT', 'SIGHUP'] as const) process.removeAllListeners(signal);
    vi.useRealTimers();
    vi.restoreAllMocks();
    rmSync(directory, { recursive: true });
  });
  writeFileSync(state, '{}');
  process.argv = [...argv.slice(0, 2), path, '[]', state];
  vi.useFakeTimers();
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  await import('../../src/os/sockets/socket-keeper.ts');
  for (let time = 1; time <= 12; time++) {
    rmSync(path);
    vi.advanceTimersByTime(1_000);
    expect(existsSync(path)).toBe(true);
  }
  expect(exit).not.toHaveBeenCalled();
  // Without a supervisor it leaves in the end.
  rmSync(path);
  rmSync(state);
  vi.advanceTimersByTime(10_000);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(exit).toHaveBeenCalledExactlyOnceWith(0);
});
