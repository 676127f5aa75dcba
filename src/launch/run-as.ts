// Lets a command run as another user (`user`, `group`) and with another umask. setpriv(1) changes the user and becomes the
// program, so that the pid stays the same. A command that may not run as declared never runs as another user: it fails.
import type { RunAs } from '../core/run-as-spec.ts';
import { findProgram } from '../os/platform.ts';

type PlainProgram = { file: string; args: string[] };

/** Where setpriv is, whatever PATH the service has. */
const SYSTEM_PATH = '/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin';

/** @returns the program with what changes its user and umask around it; the same where nothing is declared */
export function runAs(program: PlainProgram, spec: RunAs): PlainProgram {
  if (spec.user === null && spec.group === null && spec.umask === null) return program;
  const refused = whyRefused(spec);
  if (refused !== null) return { file: '/bin/sh', args: ['-c', 'printf "%s\\n" "$1" >&2; exit 126', 'orch', refused] };
  return changeUser(setUmask(program, spec.umask), spec);
}

/** What that user has in its environment unless the service declares other values. */
export function userVariables({ user }: Pick<RunAs, 'user'>): Record<string, string> {
  return user === null ? {} : { HOME: user.home, USER: user.name, LOGNAME: user.name };
}

/** @returns why orch cannot run it as declared, and what to do; null: it can */
export function whyRefused({ user, group }: Pick<RunAs, 'user' | 'group'>): string | null {
  if (!isOther({ user, group })) return null;
  const role = user === null ? `in the group "${group!.name}"` : `as the user "${user.name}"`;
  if (process.geteuid?.() !== 0)
    return `cannot run ${role}: only root may change the user, and orch runs as uid ${process.geteuid?.() ?? '?'}`;
  return findSetpriv() === null ? `cannot run ${role}: setpriv is not installed (package util-linux)` : null;
}

/** The user and group of its processes; null: those of orch. */
export function ownerOf({ user, group }: Pick<RunAs, 'user' | 'group'>): { uid: number; gid: number } | null {
  if (!isOther({ user, group })) return null;
  return { uid: user?.uid ?? process.geteuid!(), gid: group?.gid ?? user!.gid };
}

function isOther({ user, group }: Pick<RunAs, 'user' | 'group'>): boolean {
  const isOtherUser = user !== null && user.uid !== process.geteuid?.();
  return isOtherUser || (group !== null && group.gid !== process.getegid?.());
}

function setUmask({ file, args }: PlainProgram, umask: string | null): PlainProgram {
  if (umask === null) return { file, args };
  return { file: '/bin/sh', args: ['-c', `umask ${umask}; exec "$@"`, 'orch', file, ...args] };
}

function changeUser({ file, args }: PlainProgram, { user, group }: RunAs): PlainProgram {
  const owner = ownerOf({ user, group });
  if (owner === null) return { file, args };
  // initgroups(3): the groups that the system has the user in. A group alone keeps those of orch.
  const groups = user === null ? '--keep-groups' : user.hasEntry ? '--init-groups' : '--clear-groups';
  const options = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, groups];
  return { file: findSetpriv()!, args: [...options, '--', file, ...args] };
}

let setpriv: string | null = null;

function findSetpriv(): string | null {
  setpriv ??= findProgram('setpriv', SYSTEM_PATH);
  return setpriv;
}
