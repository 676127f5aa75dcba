// The merged files of one load -> a configuration: env files, variables, schema, defaults, normal form, checks.
// Every step adds its problems. A step with broken input is skipped, so that one mistake is reported once.
import type { Problem } from '../core/load-result.ts';
import type { ProjectConfig } from '../core/spec.ts';
import { checkCollisions, checkListening, checkPaths } from './check/conflicts.ts';
import { findBadExtensions } from './check/extensions.ts';
import {
  checkExitRecord,
  checkMessages,
  checkNotify,
  checkSecretFiles,
  checkTerminals,
  checkUsers,
} from './check/host-support.ts';
import { checkPortReferences } from './check/port-references.ts';
import { checkDependencies, checkSinks } from './check/references.ts';
import { checkSharedAddresses } from './check/shared-addresses.ts';
import { checkAddresses, checkLiterals, findEmptyValues } from './check/values.ts';
import { type EnvFileCache, envFileList, inheritsEnvFiles, readEnvFiles } from './files/env-files.ts';
import { environmentVariable, type LoadContext } from './files/load-context.ts';
import { expandFileVariables, warnOfShellVariables, withFileVariables } from './normalize/file-variables.ts';
import { liftInlineQueues } from './normalize/inline-queues.ts';
import type { NormalizeContext } from './normalize/normalize-context.ts';
import { applyDefaults, normalizeProject, projectName } from './normalize/normalize-project.ts';
import { expandVariants, reportOnce, type VariantOrigin } from './normalize/variants.ts';
import { problemAt } from './problem/problem.ts';
import { unknownKeyHint } from './schema/unknown-keys.ts';
import { validateTree } from './schema/validate-tree.ts';
import { type ExpandOptions, expandTree, type WrittenPortReference } from './tree/expand.ts';
import { differsByInstance } from './tree/instance-variables.ts';
import type { Lookup } from './tree/template.ts';
import { childOf, entriesOf, isNull, type MapTree, type Tree, withEntry } from './tree/tree.ts';

/** A configuration with the tree that it was built from, which shows where values come from. */
export type BuiltConfig = {
  config: ProjectConfig;
  /** Merged, expanded, `defaults` applied. */
  tree: MapTree;
  /** The same without `defaults` applied, with nulls. */
  written: MapTree;
  context: NormalizeContext;
  /** Services that are variants: where they are written. */
  variants: ReadonlyMap<string, VariantOrigin>;
};

/** @returns the configuration, which is valid only without errors among the problems. */
export async function buildConfig(files: MapTree, load: LoadContext, env: string | null): Promise<BuiltConfig> {
  const { problems } = load;
  const empty = [...findEmptyValues(files), ...findBadExtensions(files)];
  const variants = expandVariants(files, problems);
  const { tree: merged } = variants;
  problems.push(...empty);
  const cache: EnvFileCache = new Map();
  const vars = childOf(merged, 'vars');
  const known: Lookup = (name) => knownVariable(load, name);
  const projectFileEnv = await readProjectEnvFiles(
    merged,
    load,
    cache,
    withFileVariables(vars, known, { env, problems }),
  );
  // As the program gets them: a file wins over the environment.
  const inherited: Lookup = (name) => projectFileEnv.get(name)?.value ?? known(name);
  const outer: Lookup = (name) => known(name) ?? projectFileEnv.get(name)?.value;
  const beforeName = withFileVariables(vars, outer, { env, problems });
  const filled = expandFileVariables(merged, beforeName, { env, problems });
  const named = expandProjectName(filled, { lookup: beforeName, isKept: differsByInstance, env, problems });
  const project = projectName(named, load.directory);
  const lookup: Lookup = (name) => (name === 'ORCH_PROJECT' ? project : beforeName(name));
  const references: WrittenPortReference[] = [];
  const onPortReference = (reference: WrittenPortReference) => references.push(reference);
  const expanded = expandTree(named, { lookup, isKept: differsByInstance, env, problems, onPortReference }) as MapTree;
  const { tree: typed, problems: wrong, pruned } = validateTree(expanded);
  problems.push(...wrong.filter((problem) => !isSamePlace(problem, empty)));
  problems.push(...missingServices(typed, pruned));
  const tree = liftInlineQueues(applyDefaults(typed), { problems });
  const context: NormalizeContext = {
    project,
    formerProject: projectName(named, load.root),
    root: load.root,
    projectPath: load.projectPath,
    stateDir: load.stateDir,
    problems,
    projectFileEnv,
    projectEnv: childOf(tree, 'env'),
    serviceFileEnv: await readServiceEnvFiles(tree, load, cache, { known, inherited }),
    expandPort: (part, path) => expandTree(part, { lookup, isKept: isKeptWithoutPort, env, problems }, path),
    rejectedCommands: rejectedCommands(pruned),
  };
  const config = normalizeProject(tree, env, context);
  problems.push(
    ...findBadExtensions(tree),
    ...checkDependencies(config, childOf(tree, 'services'), childOf(expanded, 'services')),
    ...checkPortReferences(references, config, childOf(expanded, 'services')),
    ...checkCollisions(config, tree),
    ...checkAddresses(config, tree),
    ...checkListening(config, tree),
    ...checkSharedAddresses(config, tree),
    ...checkLiterals(tree),
    ...checkSinks(config, tree),
    ...checkExitRecord(config, tree),
    ...checkTerminals(config, tree),
    ...checkUsers(config, tree),
    ...checkMessages(config, tree),
    ...checkPaths(config, tree, { stateDir: load.stateDir, configFiles: [...load.watched.keys()] }),
    ...checkSecretFiles(config, tree),
    ...warnOfShellVariables(merged, config, tree, (name) => known(name) !== undefined),
    ...checkNotify(config, tree, load.environment.PATH ?? ''),
  );
  load.problems = reportOnce(problems, variants);
  return { config, tree, written: typed, context, variants: variants.origins };
}

/** The schema refuses an empty value too: it is reported once. */
function isSamePlace(problem: Problem, others: Problem[]): boolean {
  const isNear = (other: Problem) => Math.abs((other.line ?? 0) - (problem.line ?? 0)) <= 1;
  return others.some((other) => other.file === problem.file && isNear(other));
}

/** Services whose command, or a misspelt key of it, the schema refused. */
function rejectedCommands(pruned: string[][]): Set<string> {
  const isOfCommand = ([top, name, key]: string[]): boolean =>
    top === 'services' &&
    (key === undefined ||
      key === 'command' ||
      unknownKeyHint(key, ['command'], ['services', name!], undefined)?.includes('command') === true);
  return new Set(pruned.filter(isOfCommand).map(([, name]) => name!));
}

/** Without a `port`, PORT is a variable like any other. */
const isKeptWithoutPort = (name: string): boolean => name !== 'PORT' && differsByInstance(name);

/** ORCH_ENV is empty without an environment, as it is for instances. */
const knownVariable = (load: LoadContext, name: string): string | undefined =>
  environmentVariable(load, name) ?? (name === 'ORCH_ENV' ? '' : undefined);

/** The name comes first: other values may use it. */
function expandProjectName(merged: MapTree, options: ExpandOptions): MapTree {
  const name = childOf(merged, 'name');
  return name ? withEntry(merged, 'name', expandTree(name, options, ['name'])) : merged;
}

async function readProjectEnvFiles(
  merged: MapTree,
  load: LoadContext,
  cache: EnvFileCache,
  lookup: Lookup,
): Promise<NormalizeContext['projectFileEnv']> {
  const written = childOf(merged, 'env_files');
  if (!written) return new Map();
  const list = expandTree(written, { lookup, isKept: () => false, env: null, problems: load.problems }, ['env_files']);
  return readEnvFiles(load, cache, list, (name) => knownVariable(load, name));
}

async function readServiceEnvFiles(
  tree: Tree,
  load: LoadContext,
  cache: EnvFileCache,
  { known, inherited }: { known: Lookup; inherited: Lookup },
): Promise<NormalizeContext['serviceFileEnv']> {
  const byService: NormalizeContext['serviceFileEnv'] = new Map();
  for (const { key, value } of entriesOf(childOf(tree, 'services'))) {
    const list = envFileList(childOf(value, 'env_files'));
    byService.set(key, await readEnvFiles(load, cache, list, inheritsEnvFiles(value) ? inherited : known));
  }
  return byService;
}

/** Not reported next to an unknown key, which is most likely a misspelt `services`. */
function missingServices(tree: MapTree, pruned: string[][]): Problem[] {
  const services = childOf(tree, 'services');
  if ((services && !isNull(services)) || pruned.some((path) => path.length === 1)) return [];
  const at = services?.at ?? { ...tree.at, end: tree.at.start };
  const message = services ? '`services` is null' : '`services` is missing';
  return [problemAt(at, { code: 'missing-key', message, hint: 'to declare no services, write `services: {}`' })];
}
