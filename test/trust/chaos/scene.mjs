// The place of a round: a project on a small disk of its own, the records of its workers on another, strangers nearby, and
// the built command.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COUNT, textOf } from './configurations.mjs';
import { statOf } from './proc.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const DISK = 'size=12m';

/** @param isolated own mount and pid namespace: disks may be mounted, pids may be recycled. */
export function createScene({ directory, main, mark, isolated, first, port, respawns }) {
  const root = join(directory, 'project');
  const records = join(directory, 'records');
  for (const path of [root, records]) mkdirSync(path, { recursive: true });
  if (isolated) for (const path of [root, records]) execFileSync('mount', ['-t', 'tmpfs', '-o', DISK, 'tmpfs', path]);
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    CHAOS: mark,
    CHAOS_RECORDS: records,
    CHAOS_PORT: String(port),
    // Where it is off, only commands bring a killed supervisor back.
    ORCH_RESPAWN: respawns ? '1' : '0',
    ORCH_SINGLETON_DIR: join(records, 'singletons'),
    GIT_AUTHOR_NAME: 't',
    GIT_AUTHOR_EMAIL: 't@localhost',
    GIT_COMMITTER_NAME: 't',
    GIT_COMMITTER_EMAIL: 't@localhost',
  };
  for (const name of ['worker.sh', 'escapes.sh', 'dies.sh', 'listens.mjs', 'squats.mjs'])
    copyFileSync(join(here, name), join(root, name));
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
    /** From a shell with another variable. */
    orchFrom: (tag, ...args) =>
      run(process.execPath, [main, ...args], { cwd: root, env: { ...env, SHELL_TAG: tag }, timeout: 60_000 }),
    port,
    respawns,
    write(text, style = 'atomic') {
      if (style === 'link') return switchLink(root, file, text);
      if (style !== 'atomic') return writeFileSync(file, text);
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    },
    strangers: [],
  };
  writeFileSync(join(root, 'procs.prod.yaml'), 'services: { v: { env: { STAGE: prod } } }\n');
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

let releases = 0;

/** As deployments do: a new directory, then `current` points to it. The file of the project is a link into `current`. */
function switchLink(root, file, text) {
  const release = join('releases', String(++releases));
  mkdirSync(join(root, release), { recursive: true });
  writeFileSync(join(root, release, 'procs.yaml'), text);
  pointTo(release, join(root, 'current'));
  const isLink = lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (!isLink) pointTo('current/procs.yaml', file);
}

function pointTo(target, link) {
  rmSync(`${link}.new`, { force: true });
  symlinkSync(target, `${link}.new`);
  renameSync(`${link}.new`, link);
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
