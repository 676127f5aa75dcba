// Starts a supervisor in the background and hands it the configuration once it is known to be valid. The process starts
// while the configuration loads; a supervisor that gets no configuration exits without touching anything.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync, statSync, unlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ProjectPaths } from '../../api/paths.ts';
import type { Leftover, WireError } from '../../api/protocol.ts';
import type { AppliedBy } from '../../api/protocol-edits.ts';
import type { FollowedRef } from '../../core/follow.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { LineSplitter } from '../../rpc/line-splitter.ts';
import { withCallerLimit } from '../context/applied-environment.ts';

export type LaunchRequest = {
  accepted: AcceptedConfig;
  only: string[] | null;
  /** Refuse another environment than that of a supervisor that was killed. */
  keepsEnvironment?: boolean;
  /** Of the first generation; default: `up`. */
  by?: AppliedBy;
  /** As in `apply` (api/protocol.ts). */
  follow?: FollowedRef | null | undefined;
  /** The configurations of earlier generations. */
  earlier?: Record<string, string>;
};

export type SupervisorLaunch = {
  /** Run this configuration. `only`: as in `apply` (api/protocol.ts). */
  accept(request: LaunchRequest): void;
  /**
   * Stop what a killed supervisor left running; `started` has the number of instances.
   * @param timeoutMs after this, kill what is left; null: the grace periods of the services.
   */
  recover(timeoutMs: number | null): void;
  /** Cancels the start; resolves once the process has exited. It has touched nothing. */
  abandon(): Promise<void>;
  /** After `accept`. */
  started: Promise<LaunchOutcome>;
};

export type LaunchOutcome =
  /** After `recover` only: how many were stopped, and what could not be killed. */
  | { kind: 'ready'; pid: number; stopped?: number; leftovers?: Leftover[] }
  /** It reported an error: code `conflict` if another supervisor runs, `environment-differs`. */
  | { kind: 'refused'; error: WireError }
  /** It exited without a report. `last`: the end of what it printed. */
  | { kind: 'died'; how: string; last: string };

type LaunchReady = Extract<LaunchOutcome, { kind: 'ready' }>;

export type SupervisorLaunchOptions = {
  paths: ProjectPaths;
  file: string;
  env: string | null;
  /** This command stays and will `own` the supervisor, which goes down if the command dies before that. */
  owned?: boolean;
  /** Default: that of this process. */
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
    ...(paths.movedStateDir === null ? [] : ['--state-dir', paths.movedStateDir]),
    ...(env === null ? [] : ['--env', env]),
  ];
  const child = spawn(process.execPath, args, {
    cwd: paths.root,
    env: withCallerLimit(environment),
    detached: true,
    stdio: ['pipe', log.fd, log.fd, 'pipe'],
  });
  child.stdin!.on('error', () => undefined); // It died early: `started` has the reason.
  const started = waitForStatus(child).then((outcome): LaunchOutcome => {
    const last = outcome.kind === 'died' ? log.readEnd() : '';
    closeSync(log.fd);
    detachChild(child, owned);
    return outcome.kind === 'died' ? { ...outcome, last } : outcome;
  });
  return {
    accept: (request) => void child.stdin!.end(`${JSON.stringify({ ...request, ...(owned && { owned }) })}\n`),
    recover: (timeoutMs) => void child.stdin!.end(`${JSON.stringify({ accepted: null, only: null, timeoutMs })}\n`),
    abandon: async () => {
      child.stdin!.end();
      // It would exit by itself, but a failed command must not leave a process behind, not even for a moment.
      child.kill('SIGKILL');
      await started;
    },
    started,
  };
}

function supervisorEntry(): string {
  return fileURLToPath(new URL('./supervisor.cjs', import.meta.url));
}

/** Its first line on descriptor 3, or its exit. */
function waitForStatus(
  child: ChildProcess,
): Promise<Exclude<LaunchOutcome, { kind: 'died' }> | { kind: 'died'; how: string }> {
  const status = child.stdio[3] as Readable;
  const lines = new LineSplitter(MAX_STATUS_BYTES);
  return new Promise((resolve) => {
    status.on('error', () => undefined); // `close` of the child reports it
    status.on('data', (chunk: Buffer) => {
      lines.push(chunk, (line) => {
        const report = JSON.parse(line) as ({ ready: true } & Omit<LaunchReady, 'kind'>) | { error: WireError };
        if ('error' in report) return resolve({ kind: 'refused', error: report.error });
        const { ready: _, ...rest } = report;
        resolve({ kind: 'ready', ...rest });
      });
    });
    child.once('error', (error) => resolve({ kind: 'died', how: `could not be started: ${error.message}` }));
    // `close`, not `exit`: its last report has then been read.
    child.once('close', (code, signal) => resolve({ kind: 'died', how: `ended with ${signal ?? `code ${code}`}` }));
  });
}

/** The child must not keep this process alive. @param owned the child learns from this pipe whether this process lives. */
function detachChild(child: ChildProcess, owned: boolean): void {
  if (owned) (child.stdio[3] as Socket).unref();
  else child.stdio[3]?.destroy();
  child.unref();
}

type StartLog = { fd: number; readEnd(): string };

/**
 * Where the supervisor prints: its log, or an unlinked temporary file if the project has no state directory yet (only the
 * supervisor may create one, under its lock).
 */
function openLog(paths: ProjectPaths): StartLog {
  const hasState = statSync(paths.stateDir, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const fd = (hasState ? openOrNull(paths.supervisorLog) : null) ?? openNameless() ?? openSync(devNull, 'a+');
  const fromByte = fstatSync(fd).size;
  return { fd, readEnd: () => readFrom(fd, fromByte) };
}

function openNameless(): number | null {
  const path = join(tmpdir(), `orch-start-${process.pid}-${Date.now()}.log`);
  const fd = openOrNull(path);
  if (fd !== null) unlinkSync(path);
  return fd;
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'a+', 0o600);
  } catch {
    return null; // read-only, full, or missing: the start continues without what the supervisor prints
  }
}

function readFrom(fd: number, fromByte: number): string {
  const size = fstatSync(fd).size;
  const start = Math.max(fromByte, size - SHOWN_BYTES);
  const bytes = Buffer.alloc(Math.max(0, size - start));
  readSync(fd, bytes, 0, bytes.length, start);
  return bytes.toString('utf8').trim();
}
