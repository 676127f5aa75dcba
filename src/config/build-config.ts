// The merged files of one load -> a configuration: env files, variables, schema, defaults, normal form, checks.
// Every step adds its problems; a step whose input is broken is left out, so that one mistake is told once.

import type { Problem } from '../core/load-result.ts';
import type { ProjectConfig } from '../core/spec.ts';
import { checkCollisions, checkListening, checkPaths } from './check/conflicts.ts';
import { checkExitRecord, checkNotify, checkSecretFiles, checkTerminals } from './check/host-support.ts';
import { checkDependencies, checkSinks } from './check/references.ts';
import { checkAddresses, checkLiterals, findEmptyValues } from './check/values.ts';
import { type EnvFileCache, readEnvFiles } from './files/env-files.ts';
import { environmentVariable, type LoadContext } from './files/load-context.ts';
import type { NormalizeContext } from './normalize/normalize-context.ts';
import { applyDefaults, normalizeProject, projectName } from './normalize/normalize-project.ts';
import { problemAt } from './problem/problem.ts';
import { unknownKeyHint } from './schema/unknown-keys.ts';
import { validateTree } from './schema/validate-tree.ts';
import { differsByInstance, type ExpandOptions, expandTree } from './tree/expand.ts';
import type { Lookup } from './tree/template.ts';
import { childOf, entriesOf, isNull, type MapTree, type Tree } from './tree/tree.ts';

/** A configuration with the tree that it was made of, for those who show where values come from. */
export type BuiltConfig = {
  config: ProjectConfig;
  /** Merged, expanded, `defaults` applied. */
  tree: MapTree;
  /** The same with `defaults` and nulls as they are written. */
  written: MapTree;
  context: NormalizeContext;
};

/** @returns null where there is nothing to normalise; otherwise the configuration, which counts only without errors. */
export async function buildConfig(
  merged: MapTree,
  reading: LoadContext,
  env: string | null,
): Promise<BuiltConfig | null> {
  const { problems } = reading;
  const empty = findEmptyValues(merged);
  problems.push(...empty);
  const cache: EnvFileCache = new Map();
  const projectFileEnv = await readProjectEnvFiles(merged, reading, cache);
  const beforeName: Lookup = (name) => knownVariable(reading, name) ?? projectFileEnv.get(name)?.value;
  const named = expandProjectName(merged, { lookup: beforeName, isKept: differsByInstance, env, problems });
  const project = projectName(named, reading.root);
  const lookup: Lookup = (name) => (name === 'ORCH_PROJECT' ? project : beforeName(name));
  const expanded = expandTree(named, { lookup, isKept: differsByInstance, env, problems }) as MapTree;
  const { tree: typed, problems: wrong, pruned } = validateTree(expanded);
  problems.push(...wrong.filter((problem) => !isSamePlace(problem, empty)));
  problems.push(...missingServices(typed, pruned));
  const tree = applyDefaults(typed);
  const context: NormalizeContext = {
    project,
    root: reading.root,
    problems,
    projectFileEnv,
    projectEnv: childOf(tree, 'env'),
    serviceFileEnv: await readServiceEnvFiles(tree, reading, cache),
    expandPort: (part) => expandTree(part, { lookup, isKept: isSetForPortless, env, problems }),
    isCommandRejected: (service) => isCommandRejected(service, pruned),
  };
  const config = normalizeProject(tree, env, context);
  problems.push(
    ...checkDependencies(config, childOf(tree, 'services'), childOf(expanded, 'services')),
    ...checkCollisions(config, tree),
    ...checkAddresses(config, tree),
    ...checkListening(config, tree),
    ...checkLiterals(tree),
    ...checkSinks(config, tree),
    ...checkExitRecord(config, tree),
    ...checkTerminals(config, tree),
    ...checkPaths(config, tree, [...reading.watched.keys()]),
    ...checkSecretFiles(tree, reading.root),
    ...checkNotify(config, tree, reading.environment.PATH ?? ''),
  );
  return { config, tree, written: typed, context };
}

/** An empty value is no number or map either: said once. */
function isSamePlace(problem: Problem, others: Problem[]): boolean {
  const isNear = (other: Problem) => Math.abs((other.line ?? 0) - (problem.line ?? 0)) <= 1;
  return others.some((other) => other.file === problem.file && isNear(other));
}

/** The command, or what may have been meant as one, was refused already. */
function isCommandRejected(service: string, pruned: string[][]): boolean {
  return pruned.some(([top, name, key]) => {
    if (top !== 'services' || name !== service) return false;
    return (
      key === undefined ||
      key === 'command' ||
      unknownKeyHint(key, ['command'], ['services', name], undefined)?.includes('command')
    );
  });
}

/** Without a `port`, PORT is a variable like any other. */
const isSetForPortless = (name: string): boolean => name !== 'PORT' && differsByInstance(name);

/** ORCH_ENV is empty where none was chosen, as it is for instances. */
const knownVariable = (reading: LoadContext, name: string): string | undefined =>
  environmentVariable(reading, name) ?? (name === 'ORCH_ENV' ? '' : undefined);

/** The name first: others may use it. */
function expandProjectName(merged: MapTree, options: ExpandOptions): MapTree {
  const entry = merged.entries.get('name');
  if (!entry) return merged;
  const value = expandTree(entry.value, options, ['name']);
  return { ...merged, entries: new Map(merged.entries).set('name', { ...entry, value }) };
}

async function readProjectEnvFiles(
  merged: MapTree,
  reading: LoadContext,
  cache: EnvFileCache,
): Promise<NormalizeContext['projectFileEnv']> {
  const written = childOf(merged, 'env_files');
  if (!written) return new Map();
  const lookup: Lookup = (name) => knownVariable(reading, name);
  const list = expandTree(written, { lookup, isKept: () => false, env: null, problems: reading.problems }, [
    'env_files',
  ]);
  return readEnvFiles(reading, cache, list);
}

async function readServiceEnvFiles(
  tree: Tree,
  reading: LoadContext,
  cache: EnvFileCache,
): Promise<NormalizeContext['serviceFileEnv']> {
  const byService: NormalizeContext['serviceFileEnv'] = new Map();
  for (const { key, value } of entriesOf(childOf(tree, 'services'))) {
    byService.set(key, await readEnvFiles(reading, cache, childOf(value, 'env_files')));
  }
  return byService;
}

/** Unknown keys beside it were most likely meant to be it. */
function missingServices(tree: MapTree, pruned: string[][]): Problem[] {
  const services = childOf(tree, 'services');
  if ((services && !isNull(services)) || pruned.some((path) => path.length === 1)) return [];
  const at = services?.at ?? { ...tree.at, end: tree.at.start };
  const message = services ? '`services` is null' : 'there is no `services`';
  return [problemAt(at, { code: 'missing-key', message, hint: 'for no services at all write `services: {}`' })];
}
