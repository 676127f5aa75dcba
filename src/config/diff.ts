// What changed between two declarations of a service, key by key, with what the change does. Pure, no Node module:
// the supervisor imports it. What it prints holds no secret.
import type { Check, Command, DrainMeans, EnvValue, Probe, ServiceSpec, StopPolicy } from '../core/model.ts';
import { type ChangeClass, SINGLETON_LIVE_FIELDS, SPEC_FIELDS } from './change-classes.ts';
import { printCommand, printField } from './print-fields.ts';
import { printDuration } from './quantities.ts';
import { maskUrls, maskValue } from './secrets.ts';

export type KeyChange = {
  /** As in the file; parts of maps with a dot: `env.LOG_LEVEL`, `stop.grace`. */
  key: string;
  class: ChangeClass;
  /** As printed, secrets masked; null: not there. A secret whose value changed reads `***` -> `*** (changed)`. */
  from: string | null;
  to: string | null;
};

/** Empty when nothing changed; every key when one of the two is null. */
export function diffServices(from: ServiceSpec | null, to: ServiceSpec | null): KeyChange[] {
  const before = from ? flatten(from) : new Map<string, Leaf>();
  const after = to ? flatten(to) : new Map<string, Leaf>();
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old?.value === now?.value) return [];
    const masked = old?.shown === now?.shown && now ? `${now.shown} (changed)` : (now?.shown ?? null);
    return [{ key, class: (now ?? old)!.class, from: old?.shown ?? null, to: masked }];
  });
}

/** `value` is compared, `shown` printed. */
type Leaf = { class: ChangeClass; value: string; shown: string };

function flatten(spec: ServiceSpec): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  for (const [field, { key, class: changeClass }] of Object.entries(SPEC_FIELDS)) {
    const value = spec[field as keyof typeof SPEC_FIELDS];
    if (value === null) continue;
    for (const [path, leaf] of flattenField(field, key, value)) {
      const isLive = field === 'singleton' && SINGLETON_LIVE_FIELDS.some((part) => path === `singleton.${part}`);
      leaves.set(snakeCase(path, field), { class: isLive ? 'live' : changeClass, ...leaf });
    }
  }
  return leaves;
}

type Shown = Omit<Leaf, 'class'>;

function flattenField(field: string, key: string, value: unknown): [string, Shown][] {
  if (field === 'command') return [[key, plain(printCommand(value as Command))]];
  if (field === 'dependsOn') return dependsOn(value as ServiceSpec['dependsOn']);
  if (field === 'env') {
    return Object.entries(value as ServiceSpec['env']).map(([name, text]) => [`env.${name}`, envValue(name, text)]);
  }
  if (field === 'readiness' || field === 'liveness' || field === 'startup') return probe(key, value as Probe);
  if (field === 'stop') return stop(key, value as StopPolicy);
  const printed = printField(field, value);
  if (printed) return printed.map(([part, text]): [string, Shown] => [part, plain(text)]);
  return walk(key, value);
}

/** The name of a file tells no secret. */
function envValue(name: string, value: EnvValue): Shown {
  if (typeof value === 'string') return { value, shown: maskValue(name, value) };
  const shown = `{ secret: ${value.secret} }`;
  return { value: `\0${shown}`, shown };
}

function probe(key: string, { checks, ...pace }: Probe): [string, Shown][] {
  const shown = checks.flatMap((check): [string, Shown][] => {
    const { kind, ...rest } = check;
    if (kind === 'http') return httpCheck(`${key}.http`, check as Extract<Check, { kind: 'http' }>);
    if (kind === 'exec') return [[`${key}.exec`, plain(printCommand(check.command))]];
    const [value] = Object.values(rest);
    return [[`${key}.${kind}`, plain(kind === 'delay' ? printDuration(Number(value)) : String(value ?? true))]];
  });
  return [...shown, ...walk(key, pace)];
}

function httpCheck(key: string, { url, status, body, headers }: Extract<Check, { kind: 'http' }>): [string, Shown][] {
  const sent = Object.entries(headers).map(([name, text]): [string, Shown] => {
    return [`${key}.headers.${name}`, { value: text, shown: maskValue(name, text) }];
  });
  return [[key, plain(url)], ...walk(`${key}.status`, status), ...walk(`${key}.body`, body), ...sent];
}

function stop(key: string, { command, escalate, drain, ...rest }: StopPolicy): [string, Shown][] {
  const shown = walk(key, rest);
  if (command) shown.push([`${key}.command`, plain(printCommand(command))]);
  if (escalate.length > 0) {
    const steps = escalate.map(({ signal, afterMs }) => `${signal} after ${printDuration(afterMs)}`);
    shown.push([`${key}.escalate`, plain(steps.join(', '))]);
  }
  if (!drain) return shown;
  const { by } = drain;
  const means = printMeans(by);
  return [...shown, [`${key}.drain.${by.kind}`, plain(means)], ...walk(`${key}.drain.timeoutMs`, drain.timeoutMs)];
}

function printMeans(by: DrainMeans): string {
  if (by.kind === 'exec') return printCommand(by.command);
  if (by.kind === 'end_of_input') return by.queue;
  return by.kind === 'http' ? by.url : by.signal;
}

function dependsOn(dependencies: ServiceSpec['dependsOn']): [string, Shown][] {
  return dependencies.flatMap(({ service, condition, onLoss }): [string, Shown][] => [
    [`depends_on.${service}`, plain(condition)],
    ...(onLoss === 'ignore' ? [] : [[`depends_on.${service}.on_loss`, plain(onLoss)] as [string, Shown]]),
  ]);
}

function walk(key: string, value: unknown): [string, Shown][] {
  if (value === null) return [];
  if (typeof value !== 'object')
    return [[key, key.endsWith('Ms') ? plain(printDuration(Number(value))) : plain(String(value))]];
  if ('percent' in value) return [[key, plain(`${value.percent}%`)]];
  if ('count' in value && 'kind' in value) return [[key, plain(String(value.count))]];
  return Object.entries(value).flatMap(([step, part]) => walk(`${key}.${step}`, part));
}

const plain = (text: string): Shown => ({ value: text, shown: maskUrls(text) });

/** Field names of the model -> keys of the file: `restart.backoff.initialMs` -> `restart.backoff.initial`. */
function snakeCase(path: string, field: string): string {
  // Names of the user's are none of the model's.
  if (field === 'env' || field === 'dependsOn' || path.includes('.headers.')) return path;
  return path.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
