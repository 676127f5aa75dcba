// The place of a round: a project on a small disk of its own, the records of its workers on another, strangers nearby, and
// the built command.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COUNT, textOf } from './configurations.mjs';
import { statOf } from './proc.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const DISK = 'size=12m';

/** @param isolated own mount and pid namespace: disks may be mounted, pids may be recycled. */
export function createScene({ directory, main, mark, isolated, first }) {
  const root = join(directory, 'project');
  const records = join(directory, 'records');
  for (const path of [root, records]) mkdirSync(path, { recursive: true });
  if (isolated) for (const path of [root, records]) execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', path]);
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    CHAOS: mark,
    CHAOS_RECORDS: records,
    // The rounds themselves bring a killed supervisor back.
    ORCH_RESPAWN: '0',
    ORCH_SINGLETON_DIR: join(records, 'singletons'),
    GIT_AUTHOR_NAME: 't',
    GIT_AUTHOR_EMAIL: 't@localhost',
    GIT_COMMITTER_NAME: 't',
    GIT_COMMITTER_EMAIL: 't@localhost',
  };
  for (const name of ['worker.sh', 'escapes.sh']) copyFileSync(join(here, name), join(root, name));
  const file = join(root, 'procs.yaml');
  const scene = {
    root,
    records,
    mark,
    isolated,
    file,
    git: (...args) => run('git', args, { cwd: root, env, timeout: 20_000 }),
    /** @returns {code, output}; code null: it did not end in time. */
    orch: (...args) => run(process.execPath, [main, ...args], { cwd: root, env, timeout: 60_000 }),
    write(text, style = 'atomic') {
      if (style !== 'atomic') return writeFileSync(file, text);
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    },
    strangers: [],
  };
  commitAll(root, env, first);
  // They differ from ours only by the nonce: no supervisor may ever signal them.
  for (const args of [
    ['sleep', '100000'],
    ['sh', 'worker.sh'],
  ]) {
    scene.strangers.push(stranger(scene, args));
  }
  return scene;
}

/** @returns its pid, and a function that tells whether it lives and was never stopped. */
export function stranger({ root, records }, [file, ...args]) {
  const own = join(records, 'strangers');
  mkdirSync(own, { recursive: true });
  const env = { PATH: process.env.PATH, CHAOS_RECORDS: own };
  const child = spawn(file, args, { cwd: root, env, stdio: 'ignore', detached: true });
  const isUnharmed = () => child.exitCode === null && child.signalCode === null && statOf(child.pid)?.state !== 'T';
  return { pid: child.pid, what: `${file} ${args.join(' ')}`, isUnharmed, end: () => void child.kill('SIGKILL') };
}

function commitAll(cwd, env, first) {
  const git = (...args) => execFileSync('git', args, { cwd, env, stdio: 'ignore' });
  git('init', '-q', '-b', 'c0');
  writeFileSync(join(cwd, '.gitignore'), '*\n!procs.yaml\n');
  for (let number = 0; number < COUNT; number++) {
    if (number > 0) git('switch', '-qc', `c${number}`);
    writeFileSync(join(cwd, 'procs.yaml'), textOf(number));
    git('add', '-A');
    git('commit', '-qm', `configuration ${number}`);
  }
  git('switch', '-q', `c${first}`);
}

function run(file, args, options) {
  return new Promise((resolve) => {
    execFile(file, args, { ...options, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({ code, output: `${stdout}${stderr}`, stdout });
    });
  });
}
