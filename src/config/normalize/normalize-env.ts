// The environment that a service declares. Later sources win: env files of the project, its `env`, env files of the
// service, its `env`. A null removes a variable.
import type { EnvValue } from '../../core/spec.ts';
import { inheritsEnvFiles } from '../files/env-files.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { RESERVED_VARIABLES } from '../tree/instance-variables.ts';
import { escapeTemplate } from '../tree/template.ts';
import { childOf, entriesOf, isNull, type Tree, type TreeEntry, textOf } from '../tree/tree.ts';
import type { NormalizeContext } from './normalize-context.ts';
import { normalizeSecret } from './normalize-secret.ts';

export function normalizeEnv(entry: TreeEntry, context: NormalizeContext, hasPort: boolean): Record<string, EnvValue> {
  const env = new Map<string, EnvValue>();
  const inherited = inheritsEnvFiles(entry.value) ? [...context.projectFileEnv.values()] : [];
  for (const { name, value } of inherited) env.set(name, escapeTemplate(value));
  applyDeclared(env, context.projectEnv, context);
  if (hasPort) env.delete('PORT'); // the port of the service wins over a PORT of the whole project
  for (const { name, value } of context.serviceFileEnv.get(entry.key)?.values() ?? [])
    env.set(name, escapeTemplate(value));
  const own = childOf(entry.value, 'env');
  applyDeclared(env, own, context);
  if (hasPort) warnOfSecondPort(own, context);
  if (hasPort && typeof env.get('PORT') === 'object') env.delete('PORT'); // the port wins: no secret file is read for it
  for (const name of RESERVED_VARIABLES) env.delete(name);
  return Object.fromEntries([...env].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function applyDeclared(env: Map<string, EnvValue>, declared: Tree | undefined, context: NormalizeContext): void {
  for (const entry of entriesOf(declared && context.expandPort(declared, ['env']))) {
    if (isNull(entry.value)) env.delete(entry.key);
    else if (RESERVED_VARIABLES.has(entry.key)) rejectReserved(entry, context);
    else env.set(entry.key, declaredValue(entry.value, context));
  }
}

function declaredValue(tree: Tree, context: NormalizeContext): EnvValue {
  const secret = childOf(tree, 'secret');
  return secret ? { secret: normalizeSecret(secret, context) } : textOf(tree);
}

function rejectReserved({ key, keyAt }: TreeEntry, { problems }: NormalizeContext): void {
  const message = `the variable ${quote(key)} is set by orch for every instance and cannot be declared`;
  problems.push(problemAt(keyAt, { code: 'reserved-variable', message, hint: 'remove it, or choose another name' }));
}

function warnOfSecondPort(own: Tree | undefined, { problems }: NormalizeContext): void {
  const entry = own?.kind === 'map' ? own.entries.get('PORT') : undefined;
  if (!entry || isNull(entry.value) || textOf(entry.value) === '$' + '{PORT}') return;
  const message = '`port` sets PORT for each instance, so `env.PORT` has no effect';
  problems.push(warningAt(entry.keyAt, { code: 'port-set-twice', message, hint: 'remove one of them' }));
}
