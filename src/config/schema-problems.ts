// What the compiled schema says of a document -> Problems with places and in our words.
import type { Problem } from '../core/model.ts';
import { foreignKeyHint } from './foreign-keys.ts';
import type { SchemaError } from './generated/validate-schema.js';
import { problemAt, quote } from './problem.ts';
import { suggest, suggestionHint } from './suggest.ts';
import { descend, printPath, type Tree } from './tree/tree.ts';

/** @param errors all errors of ajv (`allErrors`, `verbose`) */
export function explainSchemaErrors(errors: readonly SchemaError[], root: Tree): Problem[] {
  return dropBranchNoise(errors).map((error) => explain(error, root));
}

/**
 * Of a union, ajv reports every branch. Where a branch has the right type its own errors say it best; otherwise the
 * union as a whole is named once.
 */
function dropBranchNoise(errors: readonly SchemaError[]): SchemaError[] {
  let kept = errors.filter((error) => error.keyword !== 'propertyNames');
  const unions = kept.filter((error) => error.keyword === 'anyOf').sort((a, b) => depth(b) - depth(a));
  for (const union of unions) {
    const isBelow = (error: SchemaError) =>
      error !== union && within(error.instancePath, union.instancePath) && belongs(error, union);
    const isDeeper = (error: SchemaError) =>
      isBelow(error) && (error.instancePath !== union.instancePath || isStructural(error));
    const deeper = kept.some(isDeeper);
    kept = kept.filter((error) =>
      deeper ? error !== union && !(isBelow(error) && !isDeeper(error)) : !isBelow(error),
    );
  }
  return kept;
}

const depth = (error: SchemaError): number => error.instancePath.split('/').length;
const within = (path: string, outer: string): boolean => path === outer || path.startsWith(`${outer}/`);
const isStructural = ({ keyword }: SchemaError): boolean =>
  keyword === 'additionalProperties' || keyword === 'required' || keyword === 'minItems';
/** Errors at the same place as the union that are none of its branches: other keywords beside it. There are none. */
const belongs = (_error: SchemaError, _union: SchemaError): boolean => true;

function explain(error: SchemaError, root: Tree): Problem {
  const path = pathOf(error.instancePath);
  const { entry, tree } = descend(root, path);
  if (error.keyword === 'additionalProperties') return unknownKey(error, path, tree);
  if (error.propertyName !== undefined) return badKeyName(error, error.propertyName, path, tree);
  const expected = String(error.parentSchema['x-expected'] ?? 'something else');
  const where = `\`${printPath(path)}\``;
  if (error.keyword === 'required') {
    const missing = String(error.params.missingProperty);
    const span = entry?.keyAt ?? tree.at;
    return problemAt(span, {
      code: 'missing-key',
      message: `${where} lacks the key ${quote(missing)}: expected ${expected}`,
    });
  }
  if (error.keyword === 'enum') return notOneOf(error, where, expected, tree);
  const code =
    error.keyword === 'pattern' || error.keyword === 'minItems' || /imum$/.test(error.keyword)
      ? 'bad-value'
      : 'wrong-type';
  const message = `${where} must be ${expected}, not ${describe(tree)}`;
  return problemAt(tree.at, { code, message, hint: typeHint(expected, error, tree) });
}

function unknownKey(error: SchemaError, path: string[], tree: Tree): Problem {
  const key = String(error.params.additionalProperty);
  const entry = tree.kind === 'map' ? tree.entries.get(key) : undefined;
  const known = Object.keys((error.parentSchema.properties as object | undefined) ?? {});
  const place = path.length === 0 ? '' : ` in \`${printPath(path)}\``;
  return problemAt(entry?.keyAt ?? tree.at, {
    code: 'unknown-key',
    message: `unknown key ${quote(key)}${place}`,
    hint: unknownKeyHint(key, known, path),
  });
}

function unknownKeyHint(key: string, known: string[], path: string[]): string | null {
  const near = suggest(key, known);
  if (near) return `did you mean "${near}"?`;
  return foreignKeyHint(key, path) ?? suggestionHint(key, known, 'keys here');
}

function badKeyName(error: SchemaError, name: string, path: string[], tree: Tree): Problem {
  const entry = tree.kind === 'map' ? tree.entries.get(name) : undefined;
  const expected = String(error.parentSchema['x-expected'] ?? 'another name');
  const fixed = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 63);
  const isEnv = path.at(-1) === 'env' || path.at(-1) === 'headers';
  return problemAt(entry?.keyAt ?? tree.at, {
    code: 'bad-name',
    message: `${quote(name)} in \`${printPath(path)}\` is no name that fits; expected ${expected}`,
    hint: isEnv || fixed === '' ? null : `for example "${fixed}"`,
  });
}

function notOneOf(error: SchemaError, where: string, expected: string, tree: Tree): Problem {
  const allowed = (error.params.allowedValues as unknown[]).map(String);
  const value = tree.kind === 'scalar' ? String(tree.value) : '';
  const near = suggest(value, allowed);
  return problemAt(tree.at, {
    code: 'bad-value',
    message: `${where} must be ${expected}, not ${describe(tree)}`,
    hint: near ? `did you mean "${near}"?` : null,
  });
}

/** What stands there, in words. */
export function describe(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'list' ? 'a list' : 'a map';
  if (tree.value === null) return 'null';
  return typeof tree.value === 'string'
    ? `the text ${quote(tree.value)}`
    : `the ${typeof tree.value} ${writtenText(tree)}`;
}

/** The scalar as it is written, for the fix: `1e3` stays `1e3`. */
export function writtenText(tree: Tree): string {
  const { source, start, end } = tree.at;
  return source.text.slice(start, end);
}

function typeHint(expected: string, error: SchemaError, tree: Tree): string | null {
  if (tree.kind === 'scalar') return scalarHint(expected, error, tree.value, writtenText(tree));
  if (tree.kind === 'list' && error.params.type === 'object') return 'write `name: value` lines instead of `- …`';
  return null;
}

function scalarHint(expected: string, error: SchemaError, value: unknown, written: string): string | null {
  if (/duration/.test(expected)) return unitHint(written, 's', 'a unit is needed');
  if (/size such/.test(expected)) return unitHint(written, 'MiB', 'a unit is needed');
  const type = error.params.type;
  if (
    (type === 'string' || error.keyword === 'anyOf') &&
    typeof value !== 'string' &&
    /text|name|path|string|command/.test(expected)
  ) {
    return value === null ? null : `put it in quotes: "${written}"`;
  }
  if (typeof value !== 'string') return null;
  if (/true|false/.test(expected) && /^(yes|on|y)$/i.test(value)) return 'write true';
  if (/true|false/.test(expected) && /^(no|off|n)$/i.test(value)) return 'write false';
  if (type === 'integer' && /^[0-9]+$/.test(value)) return `without quotes: ${value}`;
  if (type === 'array') return `write [${written}]`;
  return null;
}

function unitHint(written: string, unit: string, reason: string): string | null {
  return /^[0-9]+(\.[0-9]+)?$/.test(written) ? `${reason}: for example ${written}${unit}` : null;
}

export const pathOf = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
