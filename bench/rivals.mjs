// Other tools with the same programs, where they are on the PATH. Each in a directory, and with a home, of its own.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nowMs, openMarks } from './marks.mjs';
import { MEMORY, runProgram } from './orch.mjs';
import { kill, processesWith, whereIs } from './other-tools.mjs';

const MARK = 'BENCH_RIVAL';

/**
 * `up`, `down`, `ps`, `version`: arguments. `isQuick`: with 1,000 as well. `staysUp`: `up` does not end while the programs run; a signal stops it.
 * `edit`: the commands that apply a changed file, one after the other.
 */
const RIVALS = [
  {
    name: 'process-compose',
    isQuick: true,
    file: 'process-compose.yaml',
    textOf: (programs) =>
      `processes:\n${programs.map(([name, argv]) => `  ${name}:\n    command: "exec ${argv.join(' ')}"\n    availability: { restart: always, backoff_seconds: 1 }\n`).join('')}`,
    up: ['-f', 'process-compose.yaml', '-U', '-u', 'socket', '-t=false', 'up'],
    staysUp: true,
    ps: ['-U', '-u', 'socket', 'process', 'list'],
    version: ['version'],
    edit: [['-U', '-u', 'socket', 'project', 'update', '-f', 'process-compose.yaml']],
  },
  {
    name: 'dekit',
    isQuick: true,
    file: 'dekit.yaml',
    textOf: (programs) =>
      `tasks:\n${programs.map(([name, argv]) => `  ${name}: { cmd: ${JSON.stringify(argv)}, autostart: true, autorestart: always }\n`).join('')}`,
    up: ['up'],
    down: ['down'],
    ps: ['ls'],
    version: ['--version'],
    // A changed task keeps running until it is restarted, an added one waits.
    edit: [['reload', '--yes'], ['restart', 's3'], ['up']],
  },
  {
    name: 'pm2',
    file: 'ecosystem.config.json',
    textOf: (programs) =>
      JSON.stringify({
        apps: programs.map(([name, [script, ...args]]) => ({
          name,
          script,
          args,
          interpreter: 'none',
          autorestart: true,
        })),
      }),
    up: ['start', 'ecosystem.config.json'],
    down: ['kill'],
    ps: ['list'],
    version: ['--version'],
    edit: [['startOrReload', 'ecosystem.config.json']],
  },
];

/** @returns {{ name: string, program: string | null }[]} `program`: null: it is not installed */
export const findRivals = () => RIVALS.map((rival) => ({ ...rival, program: whereIs(rival.name) }));

/** Runs `use({ up, down, ps, edit, marks })` in a fresh directory with `count` programs, and leaves nothing behind. */
export async function withRival(rival, count, use) {
  const root = mkdtempSync(join(MEMORY ?? tmpdir(), `orch-bench-${rival.name}-`));
  const marks = openMarks(root);
  const env = { [MARK]: root, HOME: root, XDG_RUNTIME_DIR: root, XDG_STATE_HOME: root, PM2_HOME: join(root, 'pm2') };
  const save = (programs) => writeFileSync(join(root, rival.file), rival.textOf(programs));
  const programs = Array.from({ length: count }, (_, index) => [`s${index}`, marks.argv(`s${index}`)]);
  const run = (args, codes = [0, 1]) => runProgram(rival.program, args, root, env, codes);
  let tool = null;
  const up = () => {
    const beganMs = nowMs();
    if (!rival.staysUp) return { beganMs, ended: run(rival.up, [0]) };
    tool = spawn(rival.program, rival.up, { cwd: root, env: { ...process.env, ...env }, stdio: 'ignore' });
    return { beganMs, ended: null };
  };
  const down = async () => {
    if (!rival.staysUp) return run(rival.down);
    const ended = new Promise((resolve) => tool.once('exit', resolve));
    tool.kill('SIGTERM');
    return ended;
  };
  const edit = async () => {
    for (const args of rival.edit) await run(args);
  };
  save(programs);
  try {
    return await use({ root, marks, up, down, ps: () => run(rival.ps), edit, programs, save });
  } finally {
    for (const { pid } of processesWith(`${MARK}=${root}`)) kill(pid);
    await marks.untilGone();
    marks.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  }
}
