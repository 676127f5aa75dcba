// Wraps a program in a shell, for steps that only the process itself can do: print its own pid, limit its open files, lower its
// priority. The program then replaces the shell (exec) and keeps its pid. Also wraps a program in a pseudo-terminal.
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Limits, ServiceSpec } from '../core/spec.ts';
import { builtEntry } from '../os/built-entry.ts';
import { findProgram, platform } from '../os/platform.ts';
import { softLimitOfPrograms } from '../os/spawn/open-file-limit.ts';
import { posixSpawn } from '../os/spawn/posix-spawn.ts';
import type { InstanceLaunch } from './environment.ts';

/**
 * @param soft the soft limit of open files; left out: as the supervisor's own spawn needs it
 * @returns the launch through a shell; the same where there is nothing to do, or no program to become.
 */
export function wrapInShell(
  launch: InstanceLaunch,
  { listen, limits }: Pick<ServiceSpec, 'listen' | 'limits'>,
  // posix_spawn sets the soft limit itself.
  soft = listen.length > 0 || posixSpawn() === null ? softLimitOfPrograms() : null,
): InstanceLaunch {
  const steps = shellSteps(listen.length > 0, limits, soft);
  // The spawn itself gives the best error for a program that does not exist.
  if (steps.length === 0 || platform === 'win32' || !programExists(launch)) return launch;
  return wrapInSteps({ ...launch, env: { ...launch.env, ...listenVariables(listen) } }, steps);
}

const NO_LIMITS: Limits = { memory: null, nofile: null, nice: null };

function wrapInSteps(launch: InstanceLaunch, steps: string[]): InstanceLaunch {
  if (steps.length === 0) return launch;
  return { ...launch, file: '/bin/sh', args: ['-c', steps.join('\n'), 'orch', launch.file, ...launch.args] };
}

function shellSteps(hasSockets: boolean, { nofile, nice }: Limits, soft: number | null): string[] {
  const steps: string[] = [];
  if (hasSockets) steps.push('export LISTEN_PID=$$');
  // Above the hard limit it fails, and the program has the hard limit.
  if (nofile === null && soft !== null) steps.push(`ulimit -Sn ${soft} 2>/dev/null`);
  if (nofile !== null) steps.push(`ulimit -n ${nofile} || exit 126`);
  if (nice !== null) steps.push(`exec nice -n ${nice} "$@"`);
  else if (steps.length > 0) steps.push('exec "$@"');
  return steps;
}

/** The protocol of sd_listen_fds(3); LISTEN_PID is set by the shell. */
function listenVariables(listen: ServiceSpec['listen']): Record<string, string> {
  if (listen.length === 0) return {};
  return { LISTEN_FDS: String(listen.length), LISTEN_FDNAMES: listen.map(({ name }) => name).join(':') };
}

/** @returns whether the program exists; a shell around a missing one would hide why it cannot start. */
export function programExists({ file, cwd, env }: InstanceLaunch): boolean {
  if (!file.includes('/')) return findProgram(file, env.PATH) !== null;
  return statSync(isAbsolute(file) ? file : join(cwd, file), { throwIfNoEntry: false })?.isFile() ?? false;
}

/** The end of the shell takes the terminal away, and SIGHUP ends what it runs: the shell waits for it. */
const PATIENT = `trap 'trap - TERM; wait; kill -TERM $$' TERM\n`;

/** @returns the launch of a shell line with more than one command; another one unchanged, as the shell becomes that program. */
function withPatience(launch: InstanceLaunch): InstanceLaunch {
  const [flag, line, ...rest] = launch.args;
  if (launch.file !== '/bin/sh' || flag !== '-c' || rest.length > 0 || !/[;&|\n]/.test(line ?? '')) return launch;
  return { ...launch, args: ['-c', `${PATIENT}${line}`] };
}

/** A small young generation: it only passes bytes on. */
const SMALL_HEAP_FLAGS = ['--max-semi-space-size=1'];

/**
 * For `tty: true`: starts a holder process whose child is the program. It needs no supervisor, so that both are adopted like
 * any other instance; `orch attach` connects to it, not to us.
 * @param socket of `orch attach`
 * @returns the launch unchanged where the program does not exist: the spawn gives the error.
 */
export function wrapInTty(
  launch: InstanceLaunch,
  { limits }: Pick<ServiceSpec, 'limits'>,
  socket: string,
): InstanceLaunch {
  if (!programExists(launch)) return launch;
  const { NODE_OPTIONS, ...env } = launch.env;
  // Meant for the program, not for the holder.
  if (NODE_OPTIONS !== undefined) env.ORCH_TTY_NODE_OPTIONS = NODE_OPTIONS;
  // The holder is Node, which raises the limit for itself and its program.
  const program = wrapInSteps(
    withPatience(launch),
    shellSteps(false, NO_LIMITS, limits.nofile ?? softLimitOfPrograms()),
  );
  const args = [...SMALL_HEAP_FLAGS, builtEntry('tty-holder.cjs'), socket, program.file, ...program.args];
  return { ...launch, file: process.execPath, args, env };
}
