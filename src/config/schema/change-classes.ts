// What a change of each key does to running instances. The only such table: the spec hash and `plan` read it. Pure, no Node
// module.
import type { EnvValue, ServiceSpec } from '../../core/spec.ts';

/** `live`: applied in place; `restart`: needs a new process. */
export type ChangeClass = 'live' | 'restart';

/** Every key of a service in the schema. */
export const SERVICE_KEY_CLASSES = {
  title: 'live',
  description: 'live',
  tags: 'live',
  command: 'restart',
  cwd: 'restart',
  env: 'restart',
  env_files: 'restart',
  pool: 'live',
  port: 'restart',
  singleton: 'restart',
  log_queue: 'live',
  stderr_queue: 'live',
  depends_on: 'live',
  readiness: 'live',
  ready_after: 'live',
  liveness: 'live',
  startup: 'live',
  rollout: 'live',
  restart: 'live',
  success_codes: 'live',
  on_end: 'live',
  on_failure: 'live',
  stop: 'live',
  enabled: 'live',
  start: 'live',
  listen: 'restart',
  schedule: 'live',
  timeout: 'live',
  watch: 'live',
  reload: 'live',
  hooks: 'live',
  limits: 'restart',
  profiles: 'live',
  tty: 'restart',
  stdin: 'restart',
  user: 'restart',
  group: 'restart',
  umask: 'restart',
  exit_record: 'restart',
  variants: 'live',
} as const satisfies Record<string, ChangeClass>;

/** `usesPorts` follows from others. */
type SpecField = Exclude<keyof ServiceSpec, 'name' | 'specHash' | 'usesPorts'>;

/** Every field of a normalised service, with its key in the file. */
const KEY_OF_FIELD: Record<SpecField, keyof typeof SERVICE_KEY_CLASSES> = {
  title: 'title',
  description: 'description',
  tags: 'tags',
  command: 'command',
  cwd: 'cwd',
  env: 'env',
  pool: 'pool',
  port: 'port',
  singleton: 'singleton',
  logQueue: 'log_queue',
  stderrQueue: 'stderr_queue',
  dependsOn: 'depends_on',
  readiness: 'readiness',
  readyAfterMs: 'ready_after',
  liveness: 'liveness',
  startup: 'startup',
  rollout: 'rollout',
  restart: 'restart',
  successCodes: 'success_codes',
  onEnd: 'on_end',
  onFailure: 'on_failure',
  stop: 'stop',
  listen: 'listen',
  schedule: 'schedule',
  timeoutMs: 'timeout',
  watch: 'watch',
  reload: 'reload',
  hooks: 'hooks',
  limits: 'limits',
  profiles: 'profiles',
  stdin: 'stdin',
  tty: 'tty',
  user: 'user',
  group: 'group',
  umask: 'umask',
  exitRecord: 'exit_record',
  enabled: 'enabled',
  start: 'start',
};

export const SPEC_FIELDS = Object.fromEntries(
  Object.entries(KEY_OF_FIELD).map(([field, key]) => [field, { key, class: SERVICE_KEY_CLASSES[key] }]),
) as Record<SpecField, { key: keyof typeof SERVICE_KEY_CLASSES; class: ChangeClass }>;

/** The part of `singleton` that matters only at the next start. */
export const SINGLETON_LIVE_FIELDS: readonly string[] = ['onConflict'];

/** Fields of later versions: left out of the hash where they are not used, so that running instances keep their hash. */
const ADDED_FIELDS: readonly SpecField[] = ['listen', 'limits', 'stdin', 'tty', 'exitRecord', 'user', 'group', 'umask'];

/** The part of a service whose change needs a new process, keys in a fixed order. */
export function restartPart(spec: Omit<ServiceSpec, 'specHash' | 'usesPorts'>): Record<string, unknown> {
  const fields = RESTART_FIELDS.filter((field) => !ADDED_FIELDS.includes(field) || !isUnused(spec[field]));
  return Object.fromEntries(fields.map((field) => [field, restartField(field, spec)]));
}

function restartField(field: SpecField, spec: Omit<ServiceSpec, 'specHash' | 'usesPorts'>): unknown {
  if (field === 'singleton') return restartSingleton(spec);
  return field === 'env' ? restartEnv(spec.env) : spec[field];
}

/** Without the time limits of secrets, which matter only at the next start. */
function restartEnv(env: ServiceSpec['env']): ServiceSpec['env'] {
  const entries = Object.entries(env).map(([name, value]): [string, EnvValue] => {
    if (typeof value !== 'object' || typeof value.secret !== 'object' || !('timeoutMs' in value.secret))
      return [name, value];
    const { timeoutMs, ...secret } = value.secret;
    return [name, { secret }];
  });
  return Object.fromEntries(entries);
}

const RESTART_FIELDS = (Object.keys(SPEC_FIELDS) as SpecField[])
  .filter((field) => SPEC_FIELDS[field].class === 'restart')
  .sort();

/** Only nulls, falses and empty lists. */
function isUnused(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return value === null || value === false;
  return Object.values(value).every(isUnused);
}

/** A default key is hashed as in earlier versions: a project that was moved, or is reached by another path, keeps its hash. */
function restartSingleton({ singleton }: Pick<ServiceSpec, 'singleton'>): Record<string, unknown> | null {
  if (!singleton) return null;
  const { formerKey, ...policy } = { ...singleton, key: singleton.formerKey ?? singleton.key };
  return Object.fromEntries(Object.entries(policy).filter(([field]) => !SINGLETON_LIVE_FIELDS.includes(field)));
}
