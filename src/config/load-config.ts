// The only way from files to a configuration: the accepted whole, or every problem. Never throws for bad input.
import { basename, dirname, join, resolve } from 'node:path';
import type { LoadResult, Problem, WatchedFile } from '../core/load-result.ts';
import { defaultStateDir, projectPathOf } from '../core/project-path.ts';
import { type BuiltConfig, buildConfig } from './build-config.ts';
import { diskSource, type FileSource } from './files/file-source.ts';
import type { LoadContext } from './files/load-context.ts';
import { mergeConfigFiles } from './files/merge-config-files.ts';
import { sortProblems } from './problem/problem.ts';
import type { MapTree } from './tree/tree.ts';

export type LoadRequest = {
  /** Absolute path of procs.yaml. */
  file: string;
  /** Name of the environment, or null. */
  env: string | null;
  /** The environment for `${VAR}`; wins over env files there. */
  environment: Record<string, string | undefined>;
  /** Of the project, absolute; null or left out: next to the file. */
  stateDir?: string | null;
  /** Where files are read from; the disk when left out. */
  source?: FileSource;
};

export type LoadedTree = {
  /** Null when there is an error among the problems. */
  built: BuiltConfig | null;
  /** All files as one, as they are written. Null when one of them cannot be read. */
  merged: MapTree | null;
  /** Errors and warnings, in the order of the files. */
  problems: Problem[];
  watched: WatchedFile[];
  /** Relative to the root. */
  files: string[];
};

export async function loadConfig(request: LoadRequest): Promise<LoadResult> {
  const { built, problems, watched, files } = await loadTree(request);
  if (!built) return { ok: false, problems, watched };
  return { ok: true, accepted: { config: built.config, watched, files, warnings: problems } };
}

/** The same as `loadConfig`, with the tree that shows where values come from. */
export async function loadTree(request: LoadRequest): Promise<LoadedTree> {
  const source = request.source ?? diskSource;
  const root = await source.resolve(dirname(request.file));
  const { environment, env } = request;
  const projectPath = projectPathOf(request.file);
  const stateDir = resolve(root, request.stateDir ?? defaultStateDir(request.file));
  const reading = { problems: [], watched: new Map(), included: new Map(), files: [] };
  const file = join(root, basename(request.file));
  const context: LoadContext = {
    file,
    root,
    directory: dirname(request.file),
    projectPath,
    stateDir,
    source,
    environment,
    env,
    ...reading,
  };
  const merged = await mergeConfigFiles(context, env);
  const built = merged && (await buildConfig(merged, context, env));
  const problems = sortProblems(context.problems);
  const isGood = !problems.some(({ severity }) => severity === 'error');
  const watched = [...context.watched.values()];
  return { built: isGood ? built : null, merged, problems, watched, files: context.files };
}
