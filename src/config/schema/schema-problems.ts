// Findings of the compiled schema -> Problems with a place, a message and a hint.
import type { Problem } from '../../core/load-result.ts';
import { isSecretKey } from '../problem/masking.ts';
import { problemAt, quote } from '../problem/problem.ts';
import type { SchemaError } from '../schema-generated/validate-schema.js';
import { descend, printPath, type Tree } from '../tree/tree.ts';
import { foldUnions, pathOf, type SchemaFinding, writtenText } from './findings.ts';
import { unknownKeyHint } from './unknown-keys.ts';
import { fittedName, valueHint } from './value-hints.ts';

/** @param errors all errors of ajv (`allErrors`, `verbose`) */
export function explainSchemaErrors(errors: readonly SchemaError[], root: Tree): Problem[] {
  return foldUnions(errors).map((finding) => schemaProblem(finding, root));
}

function schemaProblem(finding: SchemaFinding, root: Tree): Problem {
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
  const hint = isSecretPath(path) && tree.kind !== 'map' ? secretHint(tree) : valueHint(path, tree, finding);
  return problemAt(tree.at, {
    code: schemaProblemCode(error, tree),
    message: schemaMessage(error, where, path, tree),
    hint,
  });
}

const expectedOf = (error: SchemaError): string => String(error.parentSchema['x-expected'] ?? 'something else');

function schemaMessage(error: SchemaError, where: string, path: string[], tree: Tree): string {
  if (tree.kind === 'scalar' && typeof tree.value === 'string') {
    if (tree.value.includes('\0')) return `${where} contains a NUL character`;
    if (path.at(-1) === 'command' && tree.value.trim() === '') return `${where} is empty`;
  }
  if (error.keyword === 'minItems') return `${where} is an empty list: expected ${expectedOf(error)}`;
  return `${where} must be ${expectedOf(error)}, not ${isSecretPath(path) ? valueKind(tree) : describeValue(tree)}`;
}

function schemaProblemCode(error: SchemaError, tree: Tree): string {
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
  const fitted = isVariable ? null : fittedName(name);
  return problemAt(entry?.keyAt ?? tree.at, {
    code: 'bad-name',
    message: `${quote(name)} in \`${printPath(path)}\` must be ${expectedOf(error)}`,
    hint: fitted ? `for example "${fitted}"` : null,
  });
}

/** The value in words. */
function describeValue(tree: Tree): string {
  if (tree.kind !== 'scalar' || tree.value === null || typeof tree.value === 'boolean') return valueKind(tree);
  return typeof tree.value === 'string' ? `the string ${quote(tree.value)}` : `the number ${writtenText(tree)}`;
}

function valueKind(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'list' ? 'a list' : 'a map';
  if (tree.value === null || typeof tree.value === 'boolean') return String(tree.value);
  return typeof tree.value === 'string' ? 'a string' : 'a number';
}

/** Messages do not repeat values below a secret key, except the time limit of a secret. */
const isSecretPath = (path: string[]): boolean =>
  path.slice(-2).some(isSecretKey) && path.slice(-2).join('.') !== 'secret.timeout';
const secretHint = (tree: Tree): string | null =>
  tree.kind === 'scalar' && tree.value !== null && typeof tree.value !== 'string' ? 'put it in quotes' : null;
