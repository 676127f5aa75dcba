// `env_files` of the project or a service -> variables. A missing file is an error unless it is written `?path`.
import { resolve } from 'node:path';
import { problemAt, quote } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';
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

/** @param list expanded paths, relative to the root. Later files win. */
export async function readEnvFiles(
  context: LoadContext,
  cache: EnvFileCache,
  list: Tree | undefined,
): Promise<Map<string, EnvEntry>> {
  const variables = new Map<string, EnvEntry>();
  for (const item of itemsOf(list)) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue; // the schema reports it
    for (const entry of await readEnvFile(context, cache, item, item.value)) {
      variables.delete(entry.name);
      variables.set(entry.name, entry);
    }
  }
  return variables;
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
