// `npm run test:upgrade -- [REF]`: builds another commit (default: the one before HEAD), starts a project with it, and lets the
// supervisors of both builds take the project over from each other. Fails when an instance is restarted.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ref = process.argv[2] ?? 'HEAD~1';
const directory = mkdtempSync(join(tmpdir(), 'orch-upgrade-'));
const project = join(directory, 'project');

const PROCS = `
name: upgrade
log_queues: { main: { path: logs/main.log } }
defaults: { log_queue: main, stop: { grace: 1s } }
services:
  web: { command: [sleep, "1000"], pool: 3 }
  printer: { command: "while :; do echo line; sleep 0.2; done", readiness: { log: line } }
  only: { command: [sleep, "1001"], singleton: true, depends_on: { printer: ready } }
  held: { command: [sleep, "1002"], listen: ["./held.sock"] }
  task: { command: "true", restart: never }
  broken: { command: "exit 3", restart: { policy: on_failure, backoff: { initial: 1h, max: 1h } } }
  hopeless: { command: "exit 4", restart: never }
  nightly: { command: "true", schedule: "0 3 * * *" }
`;

function build() {
  const clone = join(directory, 'older');
  execFileSync('git', ['clone', '--quiet', root, clone]);
  execFileSync('git', ['checkout', '--quiet', ref], { cwd: clone });
  symlinkSync(join(root, 'node_modules'), join(clone, 'node_modules'));
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: clone, stdio: 'inherit' });
  return join(clone, 'dist/orch.cjs');
}

function orch(command, ...words) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words], {
    cwd: project,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`orch ${words.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

const statusBy = (command) => JSON.parse(orch(command, 'ps', '--json'));

/** What must not change from one supervisor to the next: pid, restarts and state of each instance. */
const factsOf = (status) =>
  Object.fromEntries(
    status.services.flatMap(({ instances }) =>
      instances.map((one) => [one.id, `${one.state} ${one.pid} ${one.restarts}`]),
    ),
  );

function expectSame(step, before, after) {
  const changed = Object.keys({ ...before, ...after }).filter((id) => before[id] !== after[id]);
  for (const id of changed) console.error(`${step}: ${id} was ${before[id]}, is ${after[id]}`);
  if (changed.length > 0) process.exitCode = 1;
  else console.log(`${step}: ${Object.keys(after).length} instances unchanged`);
}

/** The older build has another default key for the singleton: it must not run a second time. */
function expectOne(service) {
  const instances = readdirSync('/proc').filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      return environment.includes(`ORCH_SERVICE=${service}`) && environment.includes('ORCH_PROJECT=upgrade');
    } catch {
      return false; // not ours, or gone
    }
  });
  console.log(`${service}: ${instances.length} process`);
  if (instances.length !== 1) process.exitCode = 1;
}

function killSupervisor(command) {
  const { pid } = statusBy(command).supervisor;
  process.kill(pid, 'SIGKILL');
  while (existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0);
}

const newer = join(root, 'dist/orch.cjs');
if (!existsSync(newer)) throw new Error('run `npm run build` first');
try {
  const older = build();
  execFileSync('mkdir', [project]);
  writeFileSync(join(project, 'procs.yaml'), PROCS);
  orch(older, 'up', '-d');
  orch(older, 'wait', '--for', 'ready', 'web', 'printer', 'only', 'held');
  spawnSync(process.execPath, [older, 'wait', '--for', 'converged', '--timeout', '2s'], { cwd: project });
  const facts = factsOf(statusBy(older));
  expectSame(`orch ps of the newer build`, facts, factsOf(statusBy(newer)));
  orch(newer, 'upgrade');
  expectOne('only');
  expectSame(`upgrade from ${ref}`, facts, factsOf(statusBy(newer)));
  expectSame(`orch ps of the older build`, facts, factsOf(statusBy(older)));
  killSupervisor(newer);
  orch(older, 'up', '-d');
  expectSame(`the older build after SIGKILL of the newer supervisor`, facts, factsOf(statusBy(older)));
  killSupervisor(older);
  orch(newer, 'up', '-d');
  expectSame(`the newer build after SIGKILL of the older supervisor`, facts, factsOf(statusBy(newer)));
  orch(newer, 'restart', 'only');
  orch(newer, 'wait', '--for', 'ready', 'only');
  expectOne('only');
  orch(newer, 'down');
} finally {
  if (existsSync(project)) spawnSync(process.execPath, [newer, 'down'], { cwd: project });
  rmSync(directory, { recursive: true, force: true });
}
