// A program of another person that listens on a port: strangers of the tests here.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { PROGRAMS } from './procs.ts';

/** Resolves once it listens; it can share its port (SO_REUSEPORT). */
export async function listen(
  port: number,
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<ChildProcess> {
  const child = spawn('perl', [`${PROGRAMS}listens.pl`, String(port), 'share'], {
    cwd: options.cwd ?? '/',
    env: { PATH: process.env.PATH!, ...options.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}
