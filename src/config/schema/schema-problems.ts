// What the compiled schema says of a document -> Problems with places and in our words.

import type { Problem } from '../../core/model.ts';
import { parseDurationMs, parseSizeBytes, printExactDuration, printExactSize, SIGNAL_NUMBERS } from '../../units.ts';
import { isSecretKey, MAX_MASKED_CHARACTERS, maskLine } from '../problem/masking.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { suggest } from '../problem/suggest.ts';
import type { SchemaError } from '../schema-generated/validate-schema.js';
import { descend, type ListTree, printPath, type ScalarTree, type Tree } from '../tree/tree.ts';
import { unknownKeyHint } from './unknown-keys.ts';

/** @param errors all errors of ajv (`allErrors`, `verbose`) */
export function explainSchemaErrors(errors: readonly SchemaError[], root: Tree): Problem[] {
  return foldUnions(errors).map((finding) => schemaProblem(finding, root));
}

/** An error, or a union with what its branches had against the value. */
export type SchemaFinding = { error: SchemaError; branches: SchemaError[] };

/**
 * Of a union, ajv reports every branch. Where a branch has the right type, its own errors say it best; otherwise the union
 * is named once.
 */
function foldUnions(errors: readonly SchemaError[]): SchemaFinding[] {
  let kept: SchemaFinding[] = errors
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
    if (tree.value.includes('\0')) return `${where} holds a NUL character`;
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

/** What stands there, in words. */
export function describeValue(tree: Tree): string {
  if (tree.kind !== 'scalar' || tree.value === null || typeof tree.value === 'boolean') return valueKind(tree);
  return typeof tree.value === 'string' ? `the text ${quote(tree.value)}` : `the number ${writtenText(tree)}`;
}

function valueKind(tree: Tree): string {
  if (tree.kind !== 'scalar') return tree.kind === 'list' ? 'a list' : 'a map';
  if (tree.value === null || typeof tree.value === 'boolean') return String(tree.value);
  return typeof tree.value === 'string' ? 'a text' : 'a number';
}

/** Values below a secret key are not repeated. */
const isSecretPath = (path: string[]): boolean => path.slice(-2).some(isSecretKey);
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
export function nearestAllowed({ error, branches }: SchemaFinding, text: string): string | null {
  const allowed = [error, ...branches].flatMap(({ keyword, params }) =>
    keyword === 'enum' ? (params.allowedValues as string[]) : [],
  );
  return suggest(text, allowed.map(String));
}

// What to write instead of a value that the schema refused.

const SECRET_HINT = 'only `env` takes { secret: FILE }; an `exec` probe has the variables of its service';

/** @returns null when nothing useful can be said */
function valueHint(path: string[], tree: Tree, finding: SchemaFinding): string | null {
  const key = path.at(-1) ?? '';
  const expected = String(finding.error.parentSchema['x-expected'] ?? '');
  if (tree.kind === 'list') return listHint(key, tree, finding);
  if (tree.kind === 'map') return path.at(-2) === 'headers' && tree.entries.has('secret') ? SECRET_HINT : null;
  return keyHint(path, key, tree) ?? wordHint(tree, finding) ?? typeHint(expected, tree, finding);
}

/** Habits that belong to one key. */
function keyHint(path: string[], key: string, tree: ScalarTree): string | null {
  const { value } = tree;
  const written = writtenText(tree);
  if (key === 'command' && String(value).trim() === '') return 'for example `command: [node, server.js]`';
  if (key === 'restart' && typeof value === 'boolean') return value ? 'write always' : 'write never';
  if (key === 'restart' && value === 'no') return 'write never';
  if (key === 'restart' && value === 'unless-stopped')
    return 'write always: what was stopped by hand stays stopped in any case';
  if (key === 'port' && /^\d+:\d+/.test(String(value)))
    return 'no ports are mapped: name the one that the program listens on';
  if (key === 'signal' && typeof value === 'number')
    return SIGNAL_NUMBERS[value] ? `write ${SIGNAL_NUMBERS[value]}` : null;
  if (key === 'stop' && typeof value === 'string' && /^SIG[A-Z0-9]+$/.test(value)) return `write { signal: ${value} }`;
  if (key === 'depends_on' && typeof value === 'string') return `write [${written}]`;
  if (/^(service_)?healthy$/.test(String(value))) return 'write ready';
  if (isServicePath(path) && typeof value === 'string') return `write its command below it: \`command: ${written}\``;
  if (path[0] === 'log_queues' && path.length === 2 && typeof value === 'string') return `write { path: ${written} }`;
  return null;
}

const isServicePath = (path: string[]): boolean => path[0] === 'services' && path.length === 2;

function wordHint(tree: ScalarTree, finding: SchemaFinding): string | null {
  const near = typeof tree.value === 'string' ? nearestAllowed(finding, tree.value) : null;
  return near === null ? null : `did you mean "${near}"?`;
}

function typeHint(expected: string, tree: ScalarTree, finding: SchemaFinding): string | null {
  const { value } = tree;
  const written = writtenText(tree);
  const types = [finding.error, ...finding.branches].map(({ params }) => params.type);
  if (/duration/.test(expected)) return durationHint(written);
  if (/^a size\b/.test(expected)) return sizeHint(written);
  if (/a name of/.test(expected) && typeof value === 'string') return fittedHint(maskLine(value.slice(0, 100)));
  if (types.includes('boolean') && !types.includes('string')) return booleanHint(value);
  if (typeof value === 'string') {
    if (types.includes('integer') && /^[0-9]+$/.test(value) && tree.style === 'quoted')
      return `without quotes: ${value}`;
    return types.includes('array') ? `write [${written}]` : null;
  }
  return types.includes('string') ? `put it in quotes: "${written}"` : null;
}

function booleanHint(value: ScalarTree['value']): string | null {
  if (/^(yes|on|y|true|1)$/i.test(String(value))) return 'write true';
  return /^(no|off|n|false|0)$/i.test(String(value)) ? 'write false' : null;
}

const DURATION_WORDS: Record<string, string> = {
  ms: 'ms',
  msec: 'ms',
  s: 's',
  sec: 's',
  second: 's',
  min: 'm',
  minute: 'm',
  m: 'm',
  h: 'h',
  hour: 'h',
  hr: 'h',
  day: 'd',
  d: 'd',
};

function durationHint(written: string): string | null {
  const text = written.replace(/^["']|["']$/g, '');
  if (/^\d+$/.test(text))
    return Number(text) < 100 ? `a unit is needed: ${text}s` : `a unit is needed: ${text}ms or ${text}s`;
  const spelled = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+?)s?$/.exec(text);
  const unit = spelled && DURATION_WORDS[spelled[2]!.toLowerCase()];
  if (unit) return `write ${spelled[1]}${unit}`;
  const parts = text.match(/\d+(?:\.\d+)?(?:ms|s|m|h|d)/g);
  if (parts?.join('') !== text) return null;
  return `write ${printExactDuration(parts.reduce((sum, part) => sum + (parseDurationMs(part) ?? 0), 0))}`;
}

function sizeHint(written: string): string | null {
  const text = written.replace(/^["']|["']$/g, '');
  if (/^\d+$/.test(text))
    return Number(text) < 4096 ? `a unit is needed: ${text}MiB` : `a unit is needed: ${printExactSize(Number(text))}`;
  const match = /^(\d+(?:\.\d+)?)\s*([kmg])(i?b?)$/i.exec(text);
  if (!match) return null;
  const unit = `${match[2]!.toUpperCase()}iB`;
  return parseSizeBytes(`${match[1]}${unit}`) === null ? null : `write ${match[1]}${unit}`;
}

function listHint(key: string, tree: ListTree, finding: SchemaFinding): string | null {
  if (key === 'port') return 'name the first one: instance n of the pool gets port + n - 1';
  const types = [finding.error, ...finding.branches].map(({ params }) => params.type);
  if (!types.includes('object')) return null;
  const first = tree.items[0];
  const pair = first?.kind === 'scalar' ? /^([A-Za-z_]\w*)=(.*)$/.exec(String(first.value).slice(0, 200)) : null;
  return pair
    ? `write ${maskLine(`${pair[1]}: ${JSON.stringify(pair[2])}`)} without the dash`
    : 'write `name: value` lines instead of `- …`';
}

const fittedHint = (name: string): string | null => (fittedName(name) ? `for example "${fittedName(name)}"` : null);

/** A name made to fit; null when nothing of it does. */
function fittedName(name: string): string | null {
  const fitted = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 63);
  return fitted === '' ? null : fitted;
}
