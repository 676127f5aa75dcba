// What the compiled schema says of a document -> Problems with places and in our words.
import type { Problem } from '../core/model.ts';
import type { SchemaError } from './generated/validate-schema.js';
import { problemAt, quote } from './problem.ts';
import { isSecretKey, MAX_MASKED_CHARACTERS, maskLine } from './secrets.ts';
import { suggest } from './suggest.ts';
import { descend, printPath, type Tree } from './tree/tree.ts';
import { unknownKeyHint } from './unknown-keys.ts';
import { fitName, valueHint } from './value-hints.ts';

/** @param errors all errors of ajv (`allErrors`, `verbose`) */
export function explainSchemaErrors(errors: readonly SchemaError[], root: Tree): Problem[] {
  return foldUnions(errors).map((finding) => explain(finding, root));
}

/** An error, or a union with what its branches had against the value. */
export type Finding = { error: SchemaError; branches: SchemaError[] };

/**
 * Of a union, ajv reports every branch. Where a branch has the right type, its own errors say it best; otherwise the union
 * is named once.
 */
function foldUnions(errors: readonly SchemaError[]): Finding[] {
  let kept: Finding[] = errors
    .filter(({ keyword }) => keyword !== 'propertyNames')
    .map((error) => ({ error, branches: [] }));
  const unions = kept.filter(({ error }) => error.keyword === 'anyOf').sort((a, b) => depth(b.error) - depth(a.error));
  for (const union of unions) {
    const path = union.error.instancePath;
    const below = kept.filter((finding) => finding !== union && isWithin(finding.error.instancePath, path));
    const deeper = below.filter(({ error }) => error.instancePath !== path || isOfContent(error));
    const dropped = new Set(
      deeper.length > 0 ? [union, ...below.filter((finding) => !deeper.includes(finding))] : below,
    );
    if (deeper.length === 0) union.branches = below.flatMap(({ error, branches }) => [error, ...branches]);
    kept = kept.filter((finding) => !dropped.has(finding));
  }
  return kept;
}

const depth = (error: SchemaError): number => error.instancePath.split('/').length;
const isWithin = (path: string, outer: string): boolean => path === outer || path.startsWith(`${outer}/`);
/** Of the right type, but wrong inside. */
const isOfContent = ({ keyword }: SchemaError): boolean =>
  keyword === 'additionalProperties' || keyword === 'required' || keyword === 'minItems' || /imum$/.test(keyword);

function explain(finding: Finding, root: Tree): Problem {
  const { error } = finding;
  const path = pathOf(error.instancePath);
  const { entry, tree } = descend(root, path);
  if (error.keyword === 'additionalProperties') return unknownKey(error, path, tree);
  if (error.propertyName !== undefined) return badKeyName(error, error.propertyName, path, tree);
  const where = `\`${printPath(path)}\``;
  if (error.keyword === 'required') {
    const missing = String(error.params.missingProperty);
    return problemAt(entry?.keyAt ?? tree.at, {
      code: 'missing-key',
      message: `${where} lacks ${quote(missing)}`,
      hint: `write ${expectedOf(error)}`,
    });
  }
  const hint = isSecret(path) && tree.kind !== 'map' ? secretHint(tree) : valueHint(path, tree, finding);
  return problemAt(tree.at, { code: codeOf(error, tree), message: sentence(error, where, path, tree), hint });
}

const expectedOf = (error: SchemaError): string => String(error.parentSchema['x-expected'] ?? 'something else');

function sentence(error: SchemaError, where: string, path: string[], tree: Tree): string {
  if (tree.kind === 'scalar' && typeof tree.value === 'string') {
    if (tree.value.includes('\0')) return `${where} holds a NUL character`;
    if (path.at(-1) === 'command' && tree.value.trim() === '') return `${where} is empty`;
  }
  if (error.keyword === 'minItems') return `${where} is an empty list: expected ${expectedOf(error)}`;
  return `${where} must be ${expectedOf(error)}, not ${isSecret(path) ? kindOf(tree) : describe(tree)}`;
}

function codeOf(error: SchemaError, tree: Tree): string {
  if (error.keyword === 'type') return 'wrong-type';
  if (error.keyword !== 'anyOf') return 'bad-value';
  return tree.kind === 'scalar' && typeof tree.value === 'string' ? 'bad-value' : 'wrong-type';
}

function unknownKey(error: SchemaError, path: string[], tree: Tree): Problem {
  const key = String(error.params.additionalProperty);
  const entry = tree.kind === 'map' ? tree.entries.get(key) : undefined;
  const known = Object.keys((error.parentSchema.properties as object | undefined) ?? {});
  const place = path.length === 0 ? '' : ` in \`${printPath(path)}\``;
  return problemAt(entry?.keyAt ?? tree.at, {
    code: 'unknown-key',
    message: `unknown key ${quote(key)}${place}`,
    hint: unknownKeyHint(key, known, path, entry?.value),
  });
}

function badKeyName(error: SchemaError, name: string, path: string[], tree: Tree): Problem {
  const entry = tree.kind === 'map' ? tree.entries.get(name) : undefined;
  const isVariable = path.at(-1) === 'env' || path.at(-1) === 'headers';
  const fitted = isVariable ? null : fitName(name);
  return problemAt(entry?.keyAt ?? tree.at, {
    code: 'bad-name',
    message: `${quote(name)} in \`${printPath(path)}\` must be ${expectedOf(error)}`,
    hint: fitted ? `for example "${fitted}"` : null,
  });
}

/** What stands there, in words. */
export function describe(tree: Tree): string {
  if (tree.kind !== 'scalar' || tree.value === null || typeof tree.value === 'boolean') return kindOf(tree);
  return typeof tree.value === 'string' ? `the text ${quote(tree.value)}` : `the number ${writtenText(tree)}`;
}

function kindOf(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'list' ? 'a list' : 'a map';
  if (tree.value === null || typeof tree.value === 'boolean') return String(tree.value);
  return typeof tree.value === 'string' ? 'a text' : 'a number';
}

/** Values below a secret key are not repeated. */
const isSecret = (path: string[]): boolean => path.slice(-2).some(isSecretKey);
const secretHint = (tree: Tree): string | null =>
  tree.kind === 'scalar' && tree.value !== null && typeof tree.value !== 'string' ? 'put it in quotes' : null;

/** The scalar as it is written, for the fix: `1e3` stays `1e3`. Secrets are masked, and nothing is endless. */
export const writtenText = ({ at }: Tree): string =>
  maskLine(at.source.text.slice(at.start, Math.min(at.end, at.start + MAX_MASKED_CHARACTERS)));

export const pathOf = (pointer: string): string[] =>
  pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The nearest of the words that the schema allows at this place, those of all branches of a union. */
export function nearestAllowed({ error, branches }: Finding, text: string): string | null {
  const allowed = [error, ...branches].flatMap(({ keyword, params }) =>
    keyword === 'enum' ? (params.allowedValues as string[]) : [],
  );
  return suggest(text, allowed.map(String));
}
