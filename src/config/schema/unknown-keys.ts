// What to write instead of an unknown key: a similar one, the key for one of another tool, the right place for it.
import { suggest, suggestionHint } from '../problem/suggest.ts';
import { childOf, type Tree } from '../tree/tree.ts';
import { SERVICE_KEY_CLASSES } from './change-classes.ts';

const SERVICE_KEYS: Record<string, string> = {
  cmd: 'command',
  run: 'command',
  script: 'command',
  exec: 'command',
  shell: 'command',
  entrypoint: 'command',
  args: 'command (a list of the program and its arguments)',
  environment: 'env',
  environment_variables: 'env',
  env_file: 'env_files',
  working_dir: 'cwd',
  directory: 'cwd',
  dir: 'cwd',
  replicas: 'pool',
  instances: 'pool',
  numprocs: 'pool',
  scale: 'pool',
  processes: 'pool',
  count: 'pool',
  ports: 'port',
  autorestart: 'restart',
  restart_policy: 'restart',
  availability: 'restart',
  stop_signal: 'stop.signal',
  stopsignal: 'stop.signal',
  kill_signal: 'stop.signal',
  stop_grace_period: 'stop.grace',
  stopwaitsecs: 'stop.grace',
  kill_timeout: 'stop.grace',
  shutdown: 'stop',
  healthcheck: 'readiness',
  readiness_probe: 'readiness',
  liveness_probe: 'liveness',
  log: 'log_queue',
  logs: 'log_queue',
  logging: 'log_queue',
  log_file: 'log_queue: { path: … }',
  log_location: 'log_queue: { path: … }',
  stdout_logfile: 'log_queue: { path: … }',
  requires: 'depends_on',
  needs: 'depends_on',
  after: 'depends_on',
  exitcodes: 'success_codes',
  stop_exit_codes: 'success_codes',
  success_exit_status: 'success_codes',
  max_restarts: 'restart.limit',
  startretries: 'restart.limit',
  min_uptime: 'restart.healthy_after',
  startsecs: 'restart.healthy_after',
  restart_delay: 'restart.backoff',
  exp_backoff_restart_delay: 'restart.backoff',
  exit_on_end: 'on_end: down',
  exit_on_failure: 'on_failure: down',
  exit_on_skipped: 'on_failure: down',
  disabled: 'enabled: false',
  autostart: 'start: manual (for false)',
  cron: 'schedule',
  namespace: 'tags',
  namespaces: 'tags',
  labels: 'tags (a list of names)',
  display_name: 'title',
  label: 'title',
};
const TOP_KEYS: Record<string, string> = {
  processes: 'services',
  programs: 'services',
  apps: 'services',
  procs: 'services',
  environment: 'env',
  env_file: 'env_files',
  includes: 'include',
  extends: 'include',
  variables: 'vars',
  project: 'name',
  project_name: 'name',
  queues: 'log_queues',
  logs: 'log_queues',
  logging: 'log_queues',
};
const NEEDLESS_KEYS: Record<string, string> = {
  version: 'remove it: the file has no version',
  image: 'orch runs programs, not containers: name the program in `command`',
  build: 'orch builds nothing: name the built program in `command`',
  volumes: 'orch runs programs on this machine: they see its files as they are',
  networks: 'orch runs programs on this machine: they share its network',
  container_name: 'orch runs programs, not containers',
};

/** @param path of the map in which the key stands. @returns null when there is nothing to say. */
export function unknownKeyHint(
  key: string,
  known: string[],
  path: readonly string[],
  value: Tree | undefined,
): string | null {
  const habit = otherToolHint(key, path);
  if (habit) return habit;
  const near = suggest(key, known);
  if (near) return `did you mean "${near}"?`;
  return (path.length === 0 ? misplacedHint(key, value) : null) ?? suggestionHint(key, known, 'keys here');
}

function otherToolHint(key: string, path: readonly string[]): string | null {
  const isService = (path[0] === 'services' && path.length === 2) || (path[0] === 'defaults' && path.length === 1);
  const table = isService ? SERVICE_KEYS : path.length === 0 ? TOP_KEYS : {};
  const ours = Object.hasOwn(table, key) ? table[key]! : null;
  if (ours) return `here it is called ${ours}`;
  return (isService || path.length === 0) && Object.hasOwn(NEEDLESS_KEYS, key) ? NEEDLESS_KEYS[key]! : null;
}

/** A key of a service, or a whole service, at the top of the file. */
function misplacedHint(key: string, value: Tree | undefined): string | null {
  if (Object.hasOwn(SERVICE_KEY_CLASSES, key))
    return `it belongs to a service: write it below \`services:\` and a name, or below \`defaults:\``;
  const looksLikeService =
    childOf(value, 'command') !== undefined || (value?.kind === 'scalar' && typeof value.value === 'string');
  return looksLikeService ? `is "${key}" a service? It belongs below \`services:\`` : null;
}
