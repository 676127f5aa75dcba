// What changed between two declarations of a service, key by key, with what the change does. Pure, no Node module:
// the supervisor imports it. What it prints holds no secret.

import { maskUrls, maskValue } from '../config/problem/masking.ts';
import { type ChangeClass, SINGLETON_LIVE_FIELDS, SPEC_FIELDS } from '../config/schema/change-classes.ts';
import { printAddress } from '../core/print-address.ts';
import type {
  Check,
  Command,
  DrainMethod,
  EnvValue,
  Probe,
  SecretSource,
  ServiceSpec,
  SingletonPolicy,
  StopPolicy,
} from '../core/spec.ts';
import { printExactDuration, printExactSize } from '../units.ts';

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
  // Most services of an edited file are as they were.
  const fields = from && to ? FIELDS.filter(([field]) => !isSame(from[field], to[field])) : FIELDS;
  if (fields.length === 0) return [];
  const before = from ? flatten(from, fields) : new Map<string, DiffLeaf>();
  const after = to ? flatten(to, fields) : new Map<string, DiffLeaf>();
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    if (old?.value === now?.value) return [];
    const masked = old?.shown === now?.shown && now ? `${now.shown} (changed)` : (now?.shown ?? null);
    return [{ key, class: (now ?? old)!.class, from: old?.shown ?? null, to: masked }];
  });
}

/** `value` is compared, `shown` printed. */
type DiffLeaf = { class: ChangeClass; value: string; shown: string };

type Field = keyof typeof SPEC_FIELDS;
const FIELDS = Object.entries(SPEC_FIELDS) as [Field, (typeof SPEC_FIELDS)[Field]][];

/** The loader writes keys in one order. */
const isSame = (one: unknown, other: unknown): boolean =>
  one === other || (isObject(one) && isObject(other) && JSON.stringify(one) === JSON.stringify(other));

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function flatten(spec: ServiceSpec, fields: typeof FIELDS): Map<string, DiffLeaf> {
  const leaves = new Map<string, DiffLeaf>();
  for (const [field, { key, class: changeClass }] of fields) {
    const value = spec[field];
    if (value === null || value === undefined) continue; // undefined: a client of an older version applied it
    for (const [path, leaf] of flattenField(field, key, value)) {
      const isLive =
        (field === 'singleton' && SINGLETON_LIVE_FIELDS.some((part) => path === `singleton.${part}`)) ||
        (field === 'env' && path.endsWith(SECRET_TIMEOUT));
      leaves.set(snakeCase(path, field), { class: isLive ? 'live' : changeClass, ...leaf });
    }
  }
  return leaves;
}

type ShownValue = Omit<DiffLeaf, 'class'>;

function flattenField(field: string, key: string, value: unknown): [string, ShownValue][] {
  if (field === 'command') return [[key, shownText(printCommand(value as Command))]];
  if (field === 'dependsOn') return flattenDependencies(value as ServiceSpec['dependsOn']);
  if (field === 'env') {
    return Object.entries(value as ServiceSpec['env']).flatMap(([name, text]) => flattenVariable(name, text));
  }
  if (field === 'readiness' || field === 'liveness' || field === 'startup') return flattenProbe(key, value as Probe);
  if (field === 'stop') return flattenStop(key, value as StopPolicy);
  if (field === 'singleton') return flattenSingleton(key, value as SingletonPolicy);
  const printed = printField(field, value);
  if (printed) return printed.map(([part, text]): [string, ShownValue] => [part, shownText(text)]);
  return flattenValue(key, value);
}

/** A default key changes with the name of the project; the path in it is not part of the declaration. */
function flattenSingleton(key: string, { formerKey, ...policy }: SingletonPolicy): [string, ShownValue][] {
  return flattenValue(key, { ...policy, key: formerKey ?? policy.key });
}

/** No variable has such a name: the key of a change whose variable is a secret. */
const SECRET_TIMEOUT = '.secret.timeout';

/** Where a secret comes from tells no secret. */
function flattenVariable(name: string, value: EnvValue): [string, ShownValue][] {
  if (typeof value === 'string') return [[`env.${name}`, { value, shown: maskValue(name, value) }]];
  const { secret } = value;
  const shown = `{ secret: ${printSecret(secret)} }`;
  const limit = typeof secret !== 'string' && 'timeoutMs' in secret ? secret.timeoutMs : undefined;
  return [
    [`env.${name}`, { value: `\0${shown}`, shown }],
    ...(limit === undefined ? [] : flattenValue(`env.${name}${SECRET_TIMEOUT}`, printExactDuration(limit))),
  ];
}

/** In the notation of the file. */
function printSecret(source: SecretSource): string {
  if (typeof source === 'string') return source;
  switch (source.kind) {
    case 'variable':
      return `{ env: ${source.name} }`;
    case 'command':
      return `{ command: ${maskUrls(printCommand(source.command))} }`;
    case 'sops':
      return `{ file: ${source.file}, with: sops${source.key === null ? '' : `, key: ${source.key}`} }`;
    case 'age':
      return `{ file: ${source.file}, with: age, identity: ${source.identity} }`;
  }
}

function flattenProbe(key: string, { checks, ...pace }: Probe): [string, ShownValue][] {
  const shown = checks.flatMap((check): [string, ShownValue][] => {
    const { kind, ...rest } = check;
    if (kind === 'http') return flattenHttpCheck(`${key}.http`, check as Extract<Check, { kind: 'http' }>);
    if (kind === 'exec') return [[`${key}.exec`, shownText(printCommand(check.command))]];
    const [value] = Object.values(rest);
    return [
      [`${key}.${kind}`, shownText(kind === 'delay' ? printExactDuration(Number(value)) : String(value ?? true))],
    ];
  });
  return [...shown, ...flattenValue(key, pace)];
}

function flattenHttpCheck(
  key: string,
  { url, status, body, headers }: Extract<Check, { kind: 'http' }>,
): [string, ShownValue][] {
  const sent = Object.entries(headers).map(([name, text]): [string, ShownValue] => {
    return [`${key}.headers.${name}`, { value: text, shown: maskValue(name, text) }];
  });
  return [
    [key, shownText(url)],
    ...flattenValue(`${key}.status`, status),
    ...flattenValue(`${key}.body`, body),
    ...sent,
  ];
}

function flattenStop(key: string, { command, escalate, drain, ...rest }: StopPolicy): [string, ShownValue][] {
  const shown = flattenValue(key, rest);
  if (command) shown.push([`${key}.command`, shownText(printCommand(command))]);
  if (escalate.length > 0) {
    const steps = escalate.map(({ signal, afterMs }) => `${signal} after ${printExactDuration(afterMs)}`);
    shown.push([`${key}.escalate`, shownText(steps.join(', '))]);
  }
  if (!drain) return shown;
  const { by } = drain;
  const means = printMeans(by);
  return [
    ...shown,
    [`${key}.drain.${by.kind}`, shownText(means)],
    ...flattenValue(`${key}.drain.timeoutMs`, drain.timeoutMs),
  ];
}

function printMeans(by: DrainMethod): string {
  if (by.kind === 'exec') return printCommand(by.command);
  if (by.kind === 'end_of_input') return by.queue;
  return by.kind === 'http' ? by.url : by.signal;
}

function flattenDependencies(dependencies: ServiceSpec['dependsOn']): [string, ShownValue][] {
  return dependencies.flatMap(({ service, condition, onLoss, required }): [string, ShownValue][] => [
    [`depends_on.${service}`, shownText(condition)],
    ...(onLoss === 'ignore' ? [] : [[`depends_on.${service}.on_loss`, shownText(onLoss)] as [string, ShownValue]]),
    ...(required === false ? [[`depends_on.${service}.required`, shownText('false')] as [string, ShownValue]] : []),
  ]);
}

function flattenValue(key: string, value: unknown): [string, ShownValue][] {
  if (value === null) return [];
  if (typeof value !== 'object')
    return [[key, key.endsWith('Ms') ? shownText(printExactDuration(Number(value))) : shownText(String(value))]];
  if ('percent' in value) return [[key, shownText(`${value.percent}%`)]];
  if ('count' in value && 'kind' in value) return [[key, shownText(String(value.count))]];
  return Object.entries(value).flatMap(([step, part]) => flattenValue(`${key}.${step}`, part));
}

const shownText = (text: string): ShownValue => ({ value: text, shown: maskUrls(text) });

/** Field names of the model -> keys of the file: `restart.backoff.initialMs` -> `restart.backoff.initial`. */
function snakeCase(path: string, field: string): string {
  // Keys that the user chose stay as they are.
  if (field === 'env' || field === 'dependsOn' || path.includes('.headers.')) return path;
  return path.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

// `plan` shows the parts of a declaration that are not plain maps in the notation of the file.

function printCommand(command: Command): string {
  return command.kind === 'shell' ? command.line : JSON.stringify(command.argv).replaceAll('","', '", "');
}

/** @returns [key, text] of each part; null for a field that is shown as what it is. */
function printField(field: string, value: unknown): [string, string][] | null {
  switch (field) {
    case 'listen':
      return listed('listen', (value as ServiceSpec['listen']).map(printAddress));
    case 'profiles':
    case 'tags':
      return listed(field, value as string[]);
    case 'hooks':
      return Object.entries(value as ServiceSpec['hooks']).flatMap(([key, command]): [string, string][] =>
        command ? [[`hooks.${key}`, command === true ? 'true' : printCommand(command)]] : [],
      );
    case 'watch':
      return printWatch(value as NonNullable<ServiceSpec['watch']>);
    case 'limits':
      return printLimits(value as ServiceSpec['limits']);
    case 'successCodes':
      return listed('success_codes', (value as number[]).map(String));
    case 'readyAfterMs':
      return [['ready_after', printExactDuration(Number(value))]];
    case 'stdin':
      return value === true ? [['stdin', 'true']] : [];
    case 'tty':
      return value === true ? [['tty', 'true']] : [];
    case 'exitRecord':
      return value === true ? [['exit_record', 'true']] : [];
    default:
      return null;
  }
}

function printWatch({ paths, ignore, debounceMs, action }: NonNullable<ServiceSpec['watch']>): [string, string][] {
  const means = action.kind === 'run' ? printCommand(action.command) : action.kind === 'signal' ? action.signal : null;
  return [
    ...listed('watch.paths', paths),
    ...listed('watch.ignore', ignore),
    ['watch.debounce', printExactDuration(debounceMs)],
    ['watch.action', action.kind],
    ...(means === null ? [] : [[`watch.${action.kind}`, means] as [string, string]]),
  ];
}

function printLimits({ memory, nofile, nice }: ServiceSpec['limits']): [string, string][] {
  const shown: [string, string][] = [];
  if (memory)
    shown.push(['limits.memory.max', printExactSize(memory.maxBytes)], ['limits.memory.action', memory.action]);
  if (nofile !== null) shown.push(['limits.nofile', String(nofile)]);
  if (nice !== null) shown.push(['limits.nice', String(nice)]);
  return shown;
}

const listed = (key: string, items: string[]): [string, string][] =>
  items.length === 0 ? [] : [[key, items.join(', ')]];
