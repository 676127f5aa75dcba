// What a change of each key does to instances that run. The only such table: the spec hash and `plan` read it.
// Pure, no Node module.
import type { ServiceSpec } from '../../core/spec.ts';

/** `live`: applied in place; `restart`: needs a new process. */
export type ChangeClass = 'live' | 'restart';

/** Every key of a service in the schema, as it is written there. */
export const SERVICE_KEY_CLASSES = {
  description: 'live',
  command: 'restart',
  cwd: 'restart',
  env: 'restart',
  env_files: 'restart',
  pool: 'live',
  port: 'restart',
  singleton: 'restart',
  log_queue: 'live',
  depends_on: 'live',
  readiness: 'live',
  liveness: 'live',
  startup: 'live',
  rollout: 'live',
  restart: 'live',
  stop: 'live',
  enabled: 'live',
  listen: 'restart',
  schedule: 'live',
  watch: 'live',
  hooks: 'live',
  limits: 'restart',
  profiles: 'live',
  tty: 'restart',
  stdin: 'restart',
  exit_record: 'restart',
} as const satisfies Record<string, ChangeClass>;

type SpecField = Exclude<keyof ServiceSpec, 'name' | 'specHash'>;

/** Every field of a normalised service: its key in the file and its class. Parts of `singleton` differ. */
export const SPEC_FIELDS: Record<SpecField, { key: keyof typeof SERVICE_KEY_CLASSES; class: ChangeClass }> = {
  description: { key: 'description', class: 'live' },
  command: { key: 'command', class: 'restart' },
  cwd: { key: 'cwd', class: 'restart' },
  env: { key: 'env', class: 'restart' },
  pool: { key: 'pool', class: 'live' },
  port: { key: 'port', class: 'restart' },
  singleton: { key: 'singleton', class: 'restart' },
  logQueue: { key: 'log_queue', class: 'live' },
  dependsOn: { key: 'depends_on', class: 'live' },
  readiness: { key: 'readiness', class: 'live' },
  liveness: { key: 'liveness', class: 'live' },
  startup: { key: 'startup', class: 'live' },
  rollout: { key: 'rollout', class: 'live' },
  restart: { key: 'restart', class: 'live' },
  stop: { key: 'stop', class: 'live' },
  listen: { key: 'listen', class: 'restart' },
  schedule: { key: 'schedule', class: 'live' },
  watch: { key: 'watch', class: 'live' },
  hooks: { key: 'hooks', class: 'live' },
  limits: { key: 'limits', class: 'restart' },
  profiles: { key: 'profiles', class: 'live' },
  stdin: { key: 'stdin', class: 'restart' },
  tty: { key: 'tty', class: 'restart' },
  exitRecord: { key: 'exit_record', class: 'restart' },
  enabled: { key: 'enabled', class: 'live' },
};

/** Within `singleton`, how a conflict is solved matters only at the next start. */
export const SINGLETON_LIVE_FIELDS: readonly string[] = ['onConflict'];

/** Came later: left out of the hash where they are not used, so that what already runs keeps its hash. */
const ADDED_FIELDS: readonly SpecField[] = ['listen', 'limits', 'stdin', 'tty', 'exitRecord'];

/** The part of a service whose change needs a new process, keys in a fixed order. */
export function restartPart(spec: Omit<ServiceSpec, 'specHash'>): Record<string, unknown> {
  const fields = RESTART_FIELDS.filter((field) => !ADDED_FIELDS.includes(field) || !isUnused(spec[field]));
  return Object.fromEntries(
    fields.map((field) => [field, field === 'singleton' ? restartSingleton(spec) : spec[field]]),
  );
}

const RESTART_FIELDS = (Object.keys(SPEC_FIELDS) as SpecField[])
  .filter((field) => SPEC_FIELDS[field].class === 'restart')
  .sort();

/** Nothing but nulls, falses and empty lists. */
function isUnused(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return value === null || value === false;
  return Object.values(value).every(isUnused);
}

function restartSingleton({ singleton }: Pick<ServiceSpec, 'singleton'>): Record<string, unknown> | null {
  if (!singleton) return null;
  return Object.fromEntries(Object.entries(singleton).filter(([field]) => !SINGLETON_LIVE_FIELDS.includes(field)));
}
