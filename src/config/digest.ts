// The merged files of one load -> a configuration: env files, variables, schema, defaults, normal form, checks.
// Every step adds its problems; a step whose input is broken is left out, so that one mistake is told once.
import type { ProjectConfig } from '../core/model.ts';
import { checkCollisions } from './checks/collisions.ts';
import { checkDependencies } from './checks/dependencies.ts';
import { findEmptyValues } from './checks/empty-values.ts';
import { type EnvFileCache, readEnvFiles } from './files/env-files.ts';
import type { Reading } from './files/reading.ts';
import { applyDefaults } from './normalize/apply-defaults.ts';
import type { Normalizing } from './normalize/normalizing.ts';
import { normalizeProject, projectName } from './normalize/project.ts';
import { findNotSupported } from './not-supported.ts';
import { problemAt } from './problem.ts';
import type { Lookup } from './template.ts';
import { expandTree, isInstanceVariable } from './tree/expand.ts';
import { withoutNulls } from './tree/merge.ts';
import { child, entriesOf, type MapTree, type Tree } from './tree/tree.ts';
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
  const lookup: Lookup = (name) => reading.environment[name] ?? projectFileEnv.get(name)?.value;
  const expanded = expandTree(merged, { lookup, isKept: isInstanceVariable, problems }) as MapTree;
  const { tree: typed, problems: wrong } = validateTree(expanded);
  problems.push(
    ...wrong.filter(({ file, line }) => !empty.some((other) => other.file === file && other.line === line)),
  );
  problems.push(...findNotSupported(withoutNulls(typed)));
  if (!child(typed, 'services')) problems.push(missingServices(typed));
  if (wrong.length > 0 || empty.length > 0) return null;
  const tree = applyDefaults(typed);
  const context: Normalizing = {
    project: projectName(tree, reading.root),
    root: reading.root,
    problems,
    projectFileEnv,
    projectEnv: child(tree, 'env'),
    serviceFileEnv: await readServiceEnvFiles(tree, reading, cache),
    withoutPort: (part) => expandTree(part, { lookup, isKept: isSetForPortless, problems }),
  };
  const config = normalizeProject(tree, env, context);
  problems.push(...checkDependencies(config, child(typed, 'services')), ...checkCollisions(config, tree));
  return { config, tree, written: typed, context };
}

/** Without a `port`, PORT is a variable like any other. */
const isSetForPortless = (name: string): boolean => name !== 'PORT' && isInstanceVariable(name);

async function readProjectEnvFiles(
  merged: MapTree,
  reading: Reading,
  cache: EnvFileCache,
): Promise<Normalizing['projectFileEnv']> {
  const written = child(merged, 'env_files');
  if (!written) return new Map();
  const lookup: Lookup = (name) => reading.environment[name];
  const list = expandTree(written, { lookup, isKept: isInstanceVariable, problems: reading.problems }, ['env_files']);
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

function missingServices(tree: MapTree) {
  return problemAt(
    { ...tree.at, end: tree.at.start },
    { code: 'missing-key', message: 'there is no `services`', hint: 'for no services at all write `services: {}`' },
  );
}
