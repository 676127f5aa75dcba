// A project in a temporary directory, driven through the built command and watched through /proc.
// Its teardown fails the test when a process, descriptor or socket outlives it.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { EventRecord, InstanceStatus, Status } from '../../src/api/protocol.ts';
import { type EditStyle, saveFile } from './edit.ts';
import { type OrchOptions, type Outcome, orch } from './orch.ts';
import { findOpenFiles, findProcesses, killByIdentity, type LiveProcess } from './processes.ts';
import { makeDirectory, removeDirectory } from './temporary-directory.ts';
import { openTerminal, type Terminal, type TerminalOptions } from './terminal.ts';
import { waitFor } from './wait-for.ts';

const PROGRAMS = fileURLToPath(new URL('../fixtures/programs/', import.meta.url));
/** Every descendant inherits it. Not `ORCH_…`: those orch keeps for itself. */
const MARK = 'RIG_PROJECT';

export type Project = {
  /** Absolute, symlinks resolved. */
  root: string;
  env: Record<string, string>;
  path: (name: string) => string;
  read: (name: string) => string;
  exists: (name: string) => boolean;
  write: (name: string, text: string) => void;
  edit: (name: string, text: string, style?: EditStyle) => void;
  orch: (args: string[], options?: Partial<OrchOptions>) => Promise<Outcome>;
  /** Like `orch`, but any exit code except 0 is a failure that quotes what was printed. */
  mustOrch: (args: string[], options?: Partial<OrchOptions>) => Promise<Outcome>;
  /** `up -d --wait`. */
  up: (...args: string[]) => Promise<Outcome>;
  down: () => Promise<Outcome>;
  ps: () => Promise<Status>;
  events: () => Promise<EventRecord[]>;
  /** Everything that lives because of this project: supervisor, log writer, instances and what they left behind. */
  processes: () => LiveProcess[];
  /** Only those that are instances or come from one. */
  instances: () => LiveProcess[];
  terminal: (args: string[], options?: Partial<TerminalOptions>) => Terminal;
  /** For directories outside of a test (benchmarks of the rig itself); inside a test it happens by itself. */
  teardown: () => Promise<void>;
};

/**
 * @param files path -> text. `PROGRAMS/` in a text becomes the directory of `test/fixtures/programs`.
 * @param options `env`: for every command that is run in it. `readyAfter`: an instance without a probe must live for
 * `ready_after` as it does by default; otherwise it is ready at once, so that tests of other things lose no second
 */
export function createProject(
  files: Record<string, string>,
  options: { env?: Record<string, string>; readyAfter?: boolean } = {},
): Project {
  const root = makeDirectory('e2e');
  const mark = randomBytes(8).toString('hex');
  const env: Record<string, string> = { [MARK]: mark, ...options.env };
  const path = (name: string): string => join(root, name);
  const prepare = (name: string, text: string): string =>
    withPrograms(options.readyAfter || name !== 'procs.yaml' ? text : readyAtOnce(text));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), prepare(name, text));
  };
  for (const [name, text] of Object.entries(files)) write(name, text);

  const run: Project['orch'] = (args, more = {}) =>
    orch(args, { cwd: root, ...more, env: { ...env, ...(more.env ?? {}) } });
  const mustOrch: Project['mustOrch'] = async (args, more) => expectSuccess(await run(args, more));
  const processes = (): LiveProcess[] => findProcesses([`${MARK}=${mark}`, root]);
  const terminals: Terminal[] = [];
  const project: Project = {
    root,
    env,
    path,
    write,
    read: (name) => readFileSync(path(name), 'utf8'),
    exists: (name) => existsSync(path(name)),
    edit: (name, text, style) => saveFile(path(name), prepare(name, text), style),
    orch: run,
    mustOrch,
    up: (...args) => mustOrch(['up', '-d', '--wait', ...args]),
    down: () => mustOrch(['down']),
    ps: async () => JSON.parse((await mustOrch(['ps', '--json'])).stdout) as Status,
    events: async () => parseLines((await mustOrch(['events', '--json'])).stdout),
    processes,
    instances: () => processes().filter((process) => process.nonce !== null),
    terminal: (args, more = {}) => {
      const terminal = openTerminal(args, { cwd: root, ...more, env: { ...env, ...(more.env ?? {}) } });
      terminals.push(terminal);
      return terminal;
    },
    teardown: async () => {
      for (const terminal of terminals) terminal.close();
      try {
        await tearDown(project);
      } finally {
        removeDirectory(root);
      }
    },
  };
  onTestFinished(project.teardown);
  return project;
}

/** Below the text, so that its lines keep their numbers. A text that is meant to be wrong, or has defaults, stays as it is. */
function readyAtOnce(text: string): string {
  const isPlain = /^services:/m.test(text) && !/^defaults:|ready_after|^---|\0/m.test(text);
  return isPlain ? `${text.endsWith('\n') ? text : `${text}\n`}defaults: { ready_after: 0s }\n` : text;
}

export const withPrograms = (text: string): string => text.replaceAll('PROGRAMS/', PROGRAMS);

export function expectSuccess(outcome: Outcome): Outcome {
  if (outcome.exitCode === 0) return outcome;
  throw new Error(
    `${outcome.command} exited ${outcome.exitCode}\nstdout: ${outcome.stdout}\nstderr: ${outcome.stderr}`,
  );
}

export function instanceOf(status: Status, id: string): InstanceStatus {
  for (const service of status.services) {
    for (const instance of service.instances) if (instance.id === id) return instance;
  }
  throw new Error(`no instance ${id} in ${JSON.stringify(status.services.map((service) => service.name))}`);
}

/** What tells one incarnation from the next, per instance, for comparisons before and after. */
export function incarnations(processes: LiveProcess[]): Record<string, string> {
  const sorted = [...processes].sort((a, b) => (a.instance ?? '').localeCompare(b.instance ?? ''));
  return Object.fromEntries(sorted.map((one) => [one.instance ?? `pid ${one.pid}`, `${one.pid}@${one.startTime}`]));
}

/** The text of JSON lines, or of one JSON list. */
export function parseLines<T>(text: string): T[] {
  if (text.trimStart().startsWith('[')) return JSON.parse(text) as T[];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as T);
}

async function tearDown(project: Project): Promise<void> {
  const complaints: string[] = [];
  if (existsSync(project.path('.orch')) && project.processes().length > 0) {
    const outcome = await project.orch(['down', '--timeout', '15s'], { timeoutMs: 25_000 });
    if (outcome.exitCode !== 0 && outcome.exitCode !== 3)
      complaints.push(`down exited ${outcome.exitCode}: ${outcome.stderr}`);
  }
  const left = await waitFor('nothing is left', project.processes, (seen) => seen.length === 0, 3_000).catch(() =>
    project.processes(),
  );
  for (const process of left) {
    complaints.push(`still alive: pid ${process.pid} ${process.instance ?? ''} ${process.command}`);
    killByIdentity(process);
  }
  complaints.push(...findOpenFiles(project.root));
  if (complaints.length > 0) throw new Error(`left behind in ${project.root}:\n${complaints.join('\n')}`);
}
