// `secret` of a variable -> where its value comes from: a file, a program, a variable, or a file that a program decrypts.
import { resolve } from 'node:path';
import type { Command, SecretSource } from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { DEFAULT_SECRET_TIMEOUT } from '../schema/defaults.ts';
import { withoutNulls } from '../tree/merge.ts';
import { escapeTemplate } from '../tree/template.ts';
import { childOf, itemsOf, literalOf, type MapTree, type Tree, textOf } from '../tree/tree.ts';
import { durationOf, type NormalizeContext, reportBadValue } from './normalize-context.ts';

const SOURCES = ['command', 'env', 'file'] as const;
/** The keys that each form may have. */
const KEYS_OF: Record<string, readonly string[]> = {
  command: ['timeout'],
  env: [],
  file: ['with'],
  sops: ['with', 'key', 'timeout'],
  age: ['with', 'identity', 'timeout'],
};

export function normalizeSecret(written: Tree, context: NormalizeContext): SecretSource {
  // In `env`, the nulls of overlays are still there.
  const tree = withoutNulls(written);
  if (tree.kind !== 'map') return absolute(tree, context);
  const form = formOf(tree, context);
  if (form === null) return '';
  for (const { key, keyAt } of tree.entries.values()) {
    if (KEYS_OF[form]!.includes(key) || SOURCES.includes(key as never)) continue;
    const message = `${quote(key)} does not go with ${form === 'sops' || form === 'age' ? `\`with: ${form}\`` : quote(form)}`;
    context.problems.push(problemAt(keyAt, { code: 'bad-value', message, hint: HINT_OF[key] ?? null }));
  }
  const timeout = childOf(tree, 'timeout');
  const limit = timeout && { timeoutMs: Math.max(1, durationOf(timeout, DEFAULT_SECRET_TIMEOUT, context)) };
  const file = childOf(tree, 'file');
  switch (form) {
    case 'command':
      return { kind: 'command', command: secretCommand(childOf(tree, 'command')!, context), ...limit };
    case 'env':
      return { kind: 'variable', name: textOf(childOf(tree, 'env')!) };
    case 'sops': {
      const key = childOf(tree, 'key');
      return { kind: 'sops', file: absolute(file!, context), key: key ? textOf(key) : null, ...limit };
    }
    case 'age': {
      const identity = childOf(tree, 'identity');
      if (!identity) {
        const hint = 'add `identity: PATH`, the file of the private key';
        reportBadValue(context, childOf(tree, 'with')!, 'age needs the private key to decrypt with', hint);
      }
      return {
        kind: 'age',
        file: absolute(file!, context),
        identity: identity ? absolute(identity, context) : '',
        ...limit,
      };
    }
    default:
      return absolute(file!, context);
  }
}

const HINT_OF: Record<string, string> = {
  key: '`key` is for `with: sops`',
  identity: '`identity` is for `with: age`',
  timeout: 'only a program has a time limit: `command`, or `with`',
  with: '`with` names the program that decrypts a `file`',
};

/** Exactly one source, and the program if there is one. */
function formOf(tree: MapTree, context: NormalizeContext): string | null {
  const [source, second] = SOURCES.filter((key) => tree.entries.has(key));
  if (source === undefined) {
    reportBadValue(context, tree, 'the secret has no source', 'write `command`, `env` or `file`');
    return null;
  }
  if (second !== undefined) {
    const { keyAt } = tree.entries.get(second)!;
    const message = `the secret has two sources, ${quote(source)} and ${quote(second)}`;
    context.problems.push(problemAt(keyAt, { code: 'bad-value', message, hint: 'remove one of them' }));
    return null;
  }
  return source === 'file' ? (literalOf(childOf(tree, 'with')) ?? source) : source;
}

const absolute = (tree: Tree, { root }: NormalizeContext): string => resolve(escapeTemplate(root), textOf(tree));

function secretCommand(tree: Tree, context: NormalizeContext): Command {
  if (tree.kind !== 'list') return { kind: 'shell', line: textOf(tree) };
  const argv = itemsOf(tree).map(textOf);
  if (argv[0]?.trim() === '')
    reportBadValue(context, itemsOf(tree)[0]!, "the program's name is empty", 'the first item is the program');
  return { kind: 'argv', argv };
}
