// What the compiled schema says of a document, folded to one finding for each mistake. No wording here.
import { MAX_MASKED_CHARACTERS, maskLine } from '../problem/masking.ts';
import { suggest } from '../problem/suggest.ts';
import type { SchemaError } from '../schema-generated/validate-schema.js';
import type { Tree } from '../tree/tree.ts';

/** An error, or a union with the errors of its branches. */
export type SchemaFinding = { error: SchemaError; branches: SchemaError[] };

/**
 * ajv reports every branch of a union. Where the value fits the type of one branch, the errors of that branch are kept;
 * otherwise only the union is.
 */
export function foldUnions(errors: readonly SchemaError[]): SchemaFinding[] {
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

/** The steps of a JSON pointer. */
export const pathOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The types that the schema allows at this place, in all branches of a union. */
export const typesOf = ({ error, branches }: SchemaFinding): unknown[] =>
  [error, ...branches].map(({ params }) => params.type);

/** The nearest of the words that the schema allows at this place, in all branches of a union. */
export function nearestAllowed({ error, branches }: SchemaFinding, text: string): string | null {
  const allowed = [error, ...branches].flatMap(({ keyword, params }) =>
    keyword === 'enum' ? (params.allowedValues as string[]) : [],
  );
  return suggest(text, allowed.map(String));
}

/** The scalar as it is written, for the fix: `1e3` stays `1e3`. Secrets are masked and the length is bounded. */
export const writtenText = ({ at }: Tree): string =>
  maskLine(at.source.text.slice(at.start, Math.min(at.end, at.start + MAX_MASKED_CHARACTERS)));
