// Starts a supervisor in the background and hands it the configuration once that was found valid. The start of the process
// and the loading of the configuration overlap; a supervisor that gets no configuration leaves without touching anything.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync, unlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ProjectPaths } from '../../api/paths.ts';
import type { Leftover, WireError } from '../../api/protocol.ts';
import type { AcceptedConfig } from '../../core/model.ts';
import { LineSplitter } from '../../rpc/line-splitter.ts';

export type SupervisorLaunch = {
  /** Go: run this configuration. `only`: just these services and what they depend on; null: all. */
  accept(accepted: AcceptedConfig, only: string[] | null): void;
  /**
   * Go: stop what a killed supervisor left running; `started` tells how many instances that were.
   * @param timeoutMs after this, kill what is left; null: the grace periods of the services.
   */
  recover(timeoutMs: number | null): void;
  /** Never mind: resolves when it has ended, having touched nothing. */
  abandon(): Promise<void>;
  /** After `accept`. */
  started: Promise<LaunchOutcome>;
};

export type LaunchOutcome =
  /** After `recover` only: how many were stopped, and what could not be ended. */
  | { kind: 'ready'; pid: number; stopped?: number; leftovers?: Leftover[] }
  /** It says why not: code `conflict` when another supervisor runs. */
  | { kind: 'refused'; error: WireError }
  /** It ended without a word. `last`: the end of what it printed. */
  | { kind: 'died'; how: string; last: string };

type LaunchReady = Extract<LaunchOutcome, { kind: 'ready' }>;

export type SupervisorLaunchOptions = {
  paths: ProjectPaths;
  file: string;
  env: string | null;
  /** This command stays and will `own` it; if it dies before that, the supervisor goes down. */
  owned?: boolean;
  /** Default: our own. */
  environment?: Record<string, string | undefined>;
  entry?: string;
};

/** A small young generation: fork costs in proportion to memory, and the supervisor forks for every start. */
const LEAN_NODE_FLAGS = ['--max-semi-space-size=2'];
const MAX_STATUS_BYTES = 64 * 1024;
const SHOWN_BYTES = 2048;

export function launchSupervisor(options: SupervisorLaunchOptions): SupervisorLaunch {
  const { paths, file, env, owned = false, environment = process.env, entry = supervisorEntry() } = options;
  const log = openLog(paths);
  const args = [
    ...LEAN_NODE_FLAGS,
    entry,
    '--root',
    paths.root,
    '--file',
    file,
    ...(env === null ? [] : ['--env', env]),
  ];
  const child = spawn(process.execPath, args, {
    cwd: paths.root,
    env: environment,
    detached: true,
    stdio: ['pipe', log.fd, log.fd, 'pipe'],
  });
  child.stdin!.on('error', () => undefined); // It died early; `started` tells how.
  const started = waitForStatus(child).then((outcome): LaunchOutcome => {
    const last = outcome.kind === 'died' ? log.readEnd() : '';
    closeSync(log.fd);
    detachChild(child, owned);
    return outcome.kind === 'died' ? { ...outcome, last } : outcome;
  });
  return {
    accept: (accepted, only) =>
      void child.stdin!.end(`${JSON.stringify({ accepted, only, ...(owned && { owned }) })}\n`),
    recover: (timeoutMs) => void child.stdin!.end(`${JSON.stringify({ accepted: null, only: null, timeoutMs })}\n`),
    abandon: async () => {
      child.stdin!.end();
      // It would end by itself, but a command that failed leaves nothing behind, not even for a moment.
      child.kill('SIGKILL');
      await started;
    },
    started,
  };
}

function supervisorEntry(): string {
  return fileURLToPath(new URL('./supervisor.js', import.meta.url));
}

/** Its first line on descriptor 3, or its end. */
function waitForStatus(
  child: ChildProcess,
): Promise<Exclude<LaunchOutcome, { kind: 'died' }> | { kind: 'died'; how: string }> {
  const status = child.stdio[3] as Readable;
  const lines = new LineSplitter(MAX_STATUS_BYTES);
  return new Promise((resolve) => {
    status.on('error', () => undefined); // Its end is reported by `exit`.
    status.on('data', (chunk: Buffer) => {
      lines.push(chunk, (line) => {
        const said = JSON.parse(line) as ({ ready: true } & Omit<LaunchReady, 'kind'>) | { error: WireError };
        if ('error' in said) return resolve({ kind: 'refused', error: said.error });
        const { ready: _, ...rest } = said;
        resolve({ kind: 'ready', ...rest });
      });
    });
    child.once('error', (error) => resolve({ kind: 'died', how: `could not be started: ${error.message}` }));
    // `close`, not `exit`: what it said last has been read then.
    child.once('close', (code, signal) => resolve({ kind: 'died', how: `ended with ${signal ?? `code ${code}`}` }));
  });
}

/** Nothing of the child may keep this process alive. @param owned it sees by this pipe whether we live. */
function detachChild(child: ChildProcess, owned: boolean): void {
  if (owned) (child.stdio[3] as Socket).unref();
  else child.stdio[3]?.destroy();
  child.unref();
}

type StartLog = { fd: number; readEnd(): string };

/**
 * Where a supervisor's own words go: its log, or where the project has no state directory yet (only the supervisor may
 * make one, under its lock) a nameless temporary file.
 */
function openLog(paths: ProjectPaths): StartLog {
  const hasState = statSync(paths.stateDir, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const path = hasState ? paths.supervisorLog : join(tmpdir(), `orch-start-${process.pid}-${Date.now()}.log`);
  const fd = openSync(path, 'a+', 0o600);
  if (!hasState) unlinkSync(path);
  const fromByte = fstatSync(fd).size;
  return { fd, readEnd: () => readFrom(fd, fromByte) };
}

function readFrom(fd: number, fromByte: number): string {
  const size = fstatSync(fd).size;
  const start = Math.max(fromByte, size - SHOWN_BYTES);
  const bytes = Buffer.alloc(Math.max(0, size - start));
  readSync(fd, bytes, 0, bytes.length, start);
  return bytes.toString('utf8').trim();
}
