// The views of process-compose and mprocs on the same programs, where they are installed: on the PATH, or named by
// BENCH_PROCESS_COMPOSE and BENCH_MPROCS. Both show the output of one program at a time.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processes } from '../orch.mjs';
import { openTerminal } from './terminal.mjs';

const MARK = 'BENCH_PEER';
const DOWN = '\x1b[B';

/** @returns { installed: { name, down, withView }[], missing: names }; `down`: the key that selects the next program */
export function findPeers() {
  const peers = [
    peer('process-compose', DOWN, process.env.BENCH_PROCESS_COMPOSE, (programs) => ({
      file: 'process-compose.yaml',
      text: `processes:\n${programs.map(({ name, command }) => `  ${name}:\n    command: ${JSON.stringify(command)}\n`).join('')}`,
      args: ['-f', 'process-compose.yaml', '--no-server', 'up'],
    })),
    peer('mprocs', 'j', process.env.BENCH_MPROCS, (programs) => ({
      file: 'mprocs.yaml',
      text: `procs:\n${programs.map(({ name, command }) => `  ${name}:\n    shell: ${JSON.stringify(command)}\n`).join('')}`,
      args: ['--config', 'mprocs.yaml'],
    })),
  ];
  return {
    installed: peers.filter(({ withView }) => withView !== null),
    missing: peers.filter(({ withView }) => withView === null).map(({ name }) => name),
  };
}

/** `withView`: null where it is not installed. */
function peer(name, down, named, configure) {
  const program = named ?? whereIs(name);
  if (program === null) return { name, down, withView: null };
  /** Runs `programs` in its view, hands the terminal to `use`, and leaves nothing behind. */
  const withView = async (programs, use) => {
    const dir = mkdtempSync(join(tmpdir(), `orch-bench-${name}-`));
    const { file, text, args } = configure(programs);
    writeFileSync(join(dir, file), text);
    const terminal = openTerminal(program, args, dir, { [MARK]: dir, HOME: dir });
    try {
      return await use(terminal);
    } finally {
      await terminal.close();
      for (const { pid, environment } of processes()) {
        if (environment.includes(`${MARK}=${dir}\0`)) kill(pid);
      }
      rmSync(dir, { recursive: true, force: true });
    }
  };
  return { name, down, withView };
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}

function whereIs(name) {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}
