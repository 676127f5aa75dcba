// A command that runs until it is interrupted, without a terminal: `up`, `logs -f`, `events -f`.
import { spawn } from 'node:child_process';
import { cleanEnvironment, MAIN } from './orch.ts';
import type { Project } from './project.ts';

export type RunningCommand = {
  pid: number;
  /** Both streams, as they came. */
  output: () => string;
  signal: (signal: NodeJS.Signals) => void;
  /** Closes our end of its stdout, as `head` does. */
  closeOutput: () => void;
  /** Null when a signal ended it. */
  exited: Promise<number | null>;
};

export function startCommand(project: Project, args: string[]): RunningCommand {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: project.root,
    env: { ...cleanEnvironment(), ...project.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      output += text;
    });
  }
  return {
    pid: child.pid!,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    closeOutput: () => void child.stdout.destroy(),
    exited: new Promise((resolve) => child.on('exit', (code) => resolve(code))),
  };
}
