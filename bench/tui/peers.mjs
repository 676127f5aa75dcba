// The views of process-compose and mprocs on the same programs, where they are installed: on the PATH, or named by
// BENCH_PROCESS_COMPOSE and BENCH_MPROCS. Both show the output of one program at a time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kill, processesWith, whereIs } from '../other-tools.mjs';
import { openTerminal } from './terminal.mjs';

const MARK = 'BENCH_PEER';
/** Told apart from the peer's own processes by it. */
const PROGRAM_MARK = 'BENCH_PROGRAM=1';
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
  /** Runs `programs` in its view, hands the terminal and what lists the peer's processes to `use`, and leaves nothing behind. */
  const withView = async (programs, use) => {
    const dir = mkdtempSync(join(tmpdir(), `orch-bench-${name}-`));
    const marked = programs.map((each) => ({ ...each, command: `export ${PROGRAM_MARK}; ${each.command}` }));
    const { file, text, args } = configure(marked);
    writeFileSync(join(dir, file), text);
    const started = () => processesWith(`${MARK}=${dir}`);
    /** An npm package may be a wrapper that starts the program. */
    const ownPids = () =>
      started()
        .filter(({ environment }) => !environment.includes(`${PROGRAM_MARK}\0`))
        .map(({ pid }) => pid);
    const terminal = openTerminal(program, args, dir, { [MARK]: dir, HOME: dir });
    try {
      return await use(terminal, ownPids);
    } finally {
      await terminal.close();
      for (const { pid } of started()) kill(pid);
      rmSync(dir, { recursive: true, force: true });
    }
  };
  return { name, down, withView };
}
