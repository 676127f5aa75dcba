// What a service declares for its environment: project env files, project env, service env files, service env; the
// later wins, and a null takes a variable away.

import { resolve } from 'node:path';
import type { EnvValue } from '../../core/spec.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { escapeTemplate } from '../tree/template.ts';
import { childOf, entriesOf, isNull, type Tree, type TreeEntry } from '../tree/tree.ts';
import type { NormalizeContext } from './normalize-context.ts';
import { textOf } from './normalize-context.ts';

/** Set by the supervisor for every instance; declaring them would only look as if it worked. */
export const RESERVED_VARIABLES = new Set([
  'ORCH_PROJECT',
  'ORCH_ENV',
  'ORCH_SERVICE',
  'ORCH_INSTANCE',
  'ORCH_INSTANCE_ID',
  'ORCH_POOL_SIZE',
  'ORCH_NONCE',
]);

export function normalizeEnv(entry: TreeEntry, context: NormalizeContext, hasPort: boolean): Record<string, EnvValue> {
  const env = new Map<string, EnvValue>();
  const portless = hasPort ? (tree: Tree) => tree : context.expandPort;
  for (const { name, value } of context.projectFileEnv.values()) env.set(name, escapeTemplate(value));
  applyDeclared(env, context.projectEnv && portless(context.projectEnv), context);
  if (hasPort) env.delete('PORT'); // the service's own port is nearer than a PORT of the whole project
  for (const { name, value } of context.serviceFileEnv.get(entry.key)?.values() ?? [])
    env.set(name, escapeTemplate(value));
  const own = childOf(entry.value, 'env');
  applyDeclared(env, own && portless(own), context);
  if (hasPort) warnOfSecondPort(own, context);
  if (hasPort && typeof env.get('PORT') === 'object') env.delete('PORT'); // the port wins: nothing to be read for it
  for (const name of RESERVED_VARIABLES) env.delete(name);
  return Object.fromEntries([...env].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

function applyDeclared(env: Map<string, EnvValue>, declared: Tree | undefined, context: NormalizeContext): void {
  for (const entry of entriesOf(declared)) {
    if (isNull(entry.value)) env.delete(entry.key);
    else if (RESERVED_VARIABLES.has(entry.key)) rejectReserved(entry, context);
    else env.set(entry.key, declaredValue(entry.value, context));
  }
}

function declaredValue(tree: Tree, { root }: NormalizeContext): EnvValue {
  const secret = childOf(tree, 'secret');
  return secret ? { secret: resolve(escapeTemplate(root), textOf(secret)) } : textOf(tree);
}

function rejectReserved(entry: TreeEntry, context: NormalizeContext): void {
  const message = `the variable ${quote(entry.key)} is set by orch for every instance and cannot be declared`;
  context.problems.push(
    problemAt(entry.keyAt, { code: 'reserved-variable', message, hint: 'take it out, or choose another name' }),
  );
}

function warnOfSecondPort(own: Tree | undefined, context: NormalizeContext): void {
  const entry = own?.kind === 'map' ? own.entries.get('PORT') : undefined;
  if (!entry || isNull(entry.value) || /^\$\{PORT\}$/.test(textOf(entry.value))) return;
  const message = '`port` sets PORT for each instance, so `env.PORT` has no effect';
  context.problems.push(warningAt(entry.keyAt, { code: 'port-set-twice', message, hint: 'take one of them out' }));
}
