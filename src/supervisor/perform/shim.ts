// What only a process itself can do before it becomes the program: tell its own pid, bound its open files, lower its
// priority. A shell does that and is replaced by the program (exec), pid and identity included.
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Limits, ServiceSpec } from '../../core/model.ts';
import { findProgram, platform } from '../../runtime/host.ts';
import type { Launch } from './launch.ts';

/** @returns the launch through a shell; the same where there is nothing to do, or no program to become. */
export function throughShim(launch: Launch, { listen, limits }: Pick<ServiceSpec, 'listen' | 'limits'>): Launch {
  const steps = stepsOf(listen.length > 0, limits);
  // A program that does not exist is best complained of by the kernel.
  if (steps.length === 0 || platform === 'win32' || !isThere(launch)) return launch;
  const env = { ...launch.env, ...listenVariables(listen) };
  return { ...launch, file: '/bin/sh', args: ['-c', steps.join('\n'), 'orch', launch.file, ...launch.args], env };
}

function stepsOf(hasSockets: boolean, { nofile, nice }: Limits): string[] {
  const steps: string[] = [];
  if (hasSockets) steps.push('export LISTEN_PID=$$');
  if (nofile !== null) steps.push(`ulimit -n ${nofile} || exit 126`);
  if (nice !== null) steps.push(`exec nice -n ${nice} "$@"`);
  else if (steps.length > 0) steps.push('exec "$@"');
  return steps;
}

/** The protocol of sd_listen_fds(3); LISTEN_PID is set by the shim. */
function listenVariables(listen: ServiceSpec['listen']): Record<string, string> {
  if (listen.length === 0) return {};
  return { LISTEN_FDS: String(listen.length), LISTEN_FDNAMES: listen.map(({ name }) => name).join(':') };
}

/** @returns whether there is a program to become; a shell before one that is missing would hide why it cannot start. */
export function isThere({ file, cwd, env }: Launch): boolean {
  if (!file.includes('/')) return findProgram(file, env.PATH) !== null;
  return statSync(isAbsolute(file) ? file : join(cwd, file), { throwIfNoEntry: false })?.isFile() ?? false;
}
