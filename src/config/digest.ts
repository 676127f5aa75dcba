// The merged files of one load -> a configuration: env files, variables, schema, defaults, normal form, checks.
// Every step adds its problems; a step whose input is broken is left out, so that one mistake is told once.
import type { Problem, ProjectConfig } from '../core/model.ts';
import { checkAddresses } from './checks/addresses.ts';
import { checkCollisions } from './checks/collisions.ts';
import { checkDependencies } from './checks/dependencies.ts';
import { findEmptyValues } from './checks/empty-values.ts';
import { checkExitRecord } from './checks/exit-record.ts';
import { checkListening } from './checks/listening.ts';
import { checkLiterals } from './checks/literals.ts';
import { checkNotify } from './checks/notify.ts';
import { checkPaths } from './checks/paths.ts';
import { checkSecretFiles } from './checks/secret-files.ts';
import { checkSinks } from './checks/sinks.ts';
import { checkTerminals } from './checks/terminal.ts';
import { type EnvFileCache, readEnvFiles } from './files/env-files.ts';
import { fromEnvironment, type Reading } from './files/reading.ts';
import { applyDefaults } from './normalize/apply-defaults.ts';
import type { Normalizing } from './normalize/normalizing.ts';
import { normalizeProject, projectName } from './normalize/project.ts';
import { problemAt } from './problem.ts';
import type { Lookup } from './template.ts';
import { differsByInstance, type ExpandOptions, expandTree } from './tree/expand.ts';
import { child, entriesOf, isNull, type MapTree, type Tree } from './tree/tree.ts';
import { unknownKeyHint } from './unknown-keys.ts';
import { validateTree } from './validate.ts';

/** A configuration with the tree that it was made of, for those who show where values come from. */
export type Digested = {
  config: ProjectConfig;
  /** Merged, expanded, `defaults` applied. */
  tree: MapTree;
  /** The same with `defaults` and nulls as they are written. */
  written: MapTree;
  context: Normalizing;
};

/** @returns null where there is nothing to normalise; otherwise the configuration, which counts only without errors. */
export async function digest(merged: MapTree, reading: Reading, env: string | null): Promise<Digested | null> {
  const { problems } = reading;
  const empty = findEmptyValues(merged);
  problems.push(...empty);
  const cache: EnvFileCache = new Map();
  const projectFileEnv = await readProjectEnvFiles(merged, reading, cache);
  const beforeName: Lookup = (name) => known(reading, name) ?? projectFileEnv.get(name)?.value;
  const named = expandName(merged, { lookup: beforeName, isKept: differsByInstance, env, problems });
  const project = projectName(named, reading.root);
  const lookup: Lookup = (name) => (name === 'ORCH_PROJECT' ? project : beforeName(name));
  const expanded = expandTree(named, { lookup, isKept: differsByInstance, env, problems }) as MapTree;
  const { tree: typed, problems: wrong, pruned } = validateTree(expanded);
  problems.push(...wrong.filter((problem) => !isSamePlace(problem, empty)));
  problems.push(...missingServices(typed, pruned));
  const tree = applyDefaults(typed);
  const context: Normalizing = {
    project,
    root: reading.root,
    problems,
    projectFileEnv,
    projectEnv: child(tree, 'env'),
    serviceFileEnv: await readServiceEnvFiles(tree, reading, cache),
    withoutPort: (part) => expandTree(part, { lookup, isKept: isSetForPortless, env, problems }),
    mayLackCommand: (service) => isCommandPruned(service, pruned),
  };
  const config = normalizeProject(tree, env, context);
  problems.push(
    ...checkDependencies(config, child(tree, 'services'), child(expanded, 'services')),
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
function isCommandPruned(service: string, pruned: string[][]): boolean {
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
const known = (reading: Reading, name: string): string | undefined =>
  fromEnvironment(reading, name) ?? (name === 'ORCH_ENV' ? '' : undefined);

/** The name first: others may use it. */
function expandName(merged: MapTree, options: ExpandOptions): MapTree {
  const entry = merged.entries.get('name');
  if (!entry) return merged;
  const value = expandTree(entry.value, options, ['name']);
  return { ...merged, entries: new Map(merged.entries).set('name', { ...entry, value }) };
}

async function readProjectEnvFiles(
  merged: MapTree,
  reading: Reading,
  cache: EnvFileCache,
): Promise<Normalizing['projectFileEnv']> {
  const written = child(merged, 'env_files');
  if (!written) return new Map();
  const lookup: Lookup = (name) => known(reading, name);
  const list = expandTree(written, { lookup, isKept: () => false, env: null, problems: reading.problems }, [
    'env_files',
  ]);
  return readEnvFiles(reading, cache, list);
}

async function readServiceEnvFiles(
  tree: Tree,
  reading: Reading,
  cache: EnvFileCache,
): Promise<Normalizing['serviceFileEnv']> {
  const byService: Normalizing['serviceFileEnv'] = new Map();
  for (const { key, value } of entriesOf(child(tree, 'services'))) {
    byService.set(key, await readEnvFiles(reading, cache, child(value, 'env_files')));
  }
  return byService;
}

/** Unknown keys beside it were most likely meant to be it. */
function missingServices(tree: MapTree, pruned: string[][]): Problem[] {
  const services = child(tree, 'services');
  if ((services && !isNull(services)) || pruned.some((path) => path.length === 1)) return [];
  const at = services?.at ?? { ...tree.at, end: tree.at.start };
  const message = services ? '`services` is null' : 'there is no `services`';
  return [problemAt(at, { code: 'missing-key', message, hint: 'for no services at all write `services: {}`' })];
}
