// Keys of other tools' files that people write by habit, and what they are called here.

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
  log_file: 'log_queue (its file is `log_queues.<name>.path`)',
  log_location: 'log_queue (its file is `log_queues.<name>.path`)',
  stdout_logfile: 'log_queue (its file is `log_queues.<name>.path`)',
  requires: 'depends_on',
  needs: 'depends_on',
  after: 'depends_on',
  disabled: 'enabled: false',
  autostart: 'enabled',
  cron: 'schedule',
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
  project: 'name',
  project_name: 'name',
  queues: 'log_queues',
  logs: 'log_queues',
  logging: 'log_queues',
};
const NEEDLESS: Record<string, string> = {
  version: 'leave it out: the file has no version',
  image: 'orch runs programs, not containers: name the program in `command`',
  build: 'orch builds nothing: name the built program in `command`',
  volumes: 'orch runs programs on this machine: they see its files as they are',
  networks: 'orch runs programs on this machine: they share its network',
  container_name: 'orch runs programs, not containers',
};

/** @param path of the map in which the key stands. @returns null when the key is not known from elsewhere. */
export function foreignKeyHint(key: string, path: readonly string[]): string | null {
  const isService = (path[0] === 'services' && path.length === 2) || (path[0] === 'defaults' && path.length === 1);
  const table = isService ? SERVICE_KEYS : path.length === 0 ? TOP_KEYS : {};
  const ours = Object.hasOwn(table, key) ? table[key] : undefined;
  if (ours) return `here it is called ${ours}`;
  if (path.length === 0 && Object.hasOwn(SERVICE_KEYS, key) && key !== 'processes')
    return 'services stand under `services:`';
  return (isService || path.length === 0) && Object.hasOwn(NEEDLESS, key) ? NEEDLESS[key]! : null;
}
