// Programs that put themselves into the background: the main process exits with 0 at once and its tree lives on. orch ends
// what is left, so such a service would have completed with nothing running.
import { isOfTasks } from '../../core/dependencies.ts';
import type { EndingSlot } from '../../core/slot.ts';
import type { ServiceSpec } from '../../core/spec.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';

/** How well-known programs stay in the foreground, by the name of the process. */
const FOREGROUND: Record<string, string> = {
  nginx: "`nginx -g 'daemon off;'`",
  httpd: '`httpd -DFOREGROUND`',
  apache2: '`apache2 -DFOREGROUND`',
  sshd: '`sshd -D`',
  dnsmasq: '`dnsmasq --keep-in-foreground`',
  'redis-server': '`redis-server --daemonize no`',
  rsyslogd: '`rsyslogd -n`',
  supervisord: '`supervisord -n`',
  memcached: 'without `-d`',
  mongod: 'without `--fork`',
  postgres: '`postgres -D DIR` instead of `pg_ctl start`',
};
const MAX_NAMED = 5;

/**
 * Whether an exit with 0 may be that of a program that runs on in the background. A task may leave a helper behind, and so may
 * a service that others wait for to complete.
 */
export function mayBeInBackground(
  { phase }: EndingSlot,
  spec: ServiceSpec | null,
  all: Iterable<ServiceSpec>,
): boolean {
  const { cause, step, exit, startedMs, sinceMs } = phase;
  if (spec === null || cause !== 'exited' || step !== 'clear' || spec.schedule !== null) return false;
  if (exit === null || !('code' in exit) || exit.code !== 0 || spec.restart.policy === 'never') return false;
  if (sinceMs - startedMs >= spec.restart.healthyAfterMs) return false;
  for (const { dependsOn } of all) {
    if (dependsOn.some((dependency) => dependency.service === spec.name && isOfTasks(dependency))) return false;
  }
  return true;
}

/** @returns a clause */
export function describeBackground(members: readonly TreeMember[]): string {
  const pids = members.slice(0, MAX_NAMED).map(({ pid }) => pid);
  const more = members.length > MAX_NAMED ? ' and more' : '';
  const hint = members.map(({ command }) => FOREGROUND[command]).find((known) => known !== undefined);
  const what = `the main process ended while processes of it still run (pid ${pids.join(', ')}${more})`;
  return `${what}; the program must stay in the foreground${hint ? ` (${hint})` : ''}`;
}
