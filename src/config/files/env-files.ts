// `env_files` of the project or a service -> variables. A missing file is an error unless it is written `?path`.
import { resolve } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';
import { expandTemplate, type Lookup } from '../tree/template.ts';
import { childOf, isTrue, itemsOf, type ScalarTree, type Tree } from '../tree/tree.ts';
import { type EnvEntry, parseDotenv } from './dotenv.ts';
import { displayPath, type LoadContext, readText } from './load-context.ts';

/** Files that were parsed in this load, by path: services share them. */
export type EnvFileCache = Map<string, Promise<EnvEntry[] | 'missing'>>;

/** The files of a service: a list, or the `paths` of a map. */
export const envFileList = (written: Tree | undefined): Tree | undefined =>
  written?.kind === 'map' ? childOf(written, 'paths') : written;

/** Whether the service gets the `env_files` of the project as well. */
export function inheritsEnvFiles(service: Tree): boolean {
  const inherit = childOf(childOf(service, 'env_files'), 'inherit');
  return inherit === undefined || isTrue(inherit);
}

/**
 * Fills in `${NAME}`: from the lines above and the files before, then from `outer`. Never fails: where it is not defined, the
 * text stays as it is, as in earlier versions, with a warning.
 *
 * @param list expanded paths, relative to the root. Later files win.
 */
export async function readEnvFiles(
  context: LoadContext,
  cache: EnvFileCache,
  list: Tree | undefined,
  outer: Lookup,
): Promise<Map<string, EnvEntry>> {
  const variables = new Map<string, EnvEntry>();
  const lookup: Lookup = (name) => variables.get(name)?.value ?? outer(name);
  for (const item of itemsOf(list)) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue; // the schema reports it
    for (const entry of await readEnvFile(context, cache, item, item.value)) {
      const filled = fillIn(entry, lookup, context.problems);
      variables.delete(entry.name);
      variables.set(entry.name, filled);
    }
  }
  return variables;
}

function fillIn(entry: EnvEntry, lookup: Lookup, problems: Problem[]): EnvEntry {
  const { name, at, template, bareNames } = entry;
  if (bareNames.some((bare) => lookup(bare) !== undefined)) {
    const message = `a $ in the value of ${quote(name)} is taken literally`;
    const hint = 'write $' + '{NAME} for a variable; single quotes around the value say that it is meant';
    problems.push(warningAt(at, { code: 'bare-variable', message, hint, hidesLine: true }));
  }
  if (template === null) return entry;
  const expansion = expandTemplate(template, {}, lookup);
  if (expansion.ok) return { ...entry, value: expansion.text };
  const unknown = expansion.problems[0]?.name ?? '';
  const message = `\${${unknown}} in the value of ${quote(name)} is not defined: it stays as it is written`;
  const hint = `define it above, write \${${unknown}:-default}, or put single quotes around the value`;
  problems.push(warningAt(at, { code: 'undefined-variable', message, hint, hidesLine: true }));
  return entry;
}

async function readEnvFile(
  context: LoadContext,
  cache: EnvFileCache,
  item: ScalarTree,
  written: string,
): Promise<EnvEntry[]> {
  const isOptional = written.startsWith('?');
  const name = isOptional ? written.slice(1) : written;
  const path = resolve(context.root, name);
  let reads = cache.get(path);
  if (!reads) {
    reads = parseFile(context, path, item.at);
    cache.set(path, reads);
  }
  const entries = await reads;
  if (entries !== 'missing') return entries;
  if (!isOptional) {
    const message = `the env file ${quote(name)} does not exist`;
    const hint = `create ${displayPath(context.root, path)}, or write "?${name}" if it may be missing`;
    context.problems.push(problemAt(item.at, { code: 'missing-file', message, hint }));
  }
  return [];
}

async function parseFile(context: LoadContext, path: string, named: Span): Promise<EnvEntry[] | 'missing'> {
  const source = await readText(context, path, named);
  if (source === 'missing') return 'missing';
  if (source === 'bad') return [];
  const { entries, problems } = parseDotenv(source);
  context.problems.push(...problems);
  return entries;
}
