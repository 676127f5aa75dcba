// `load`: what the files declare, as `orch config --json` prints it, or every problem.

import type { ProcsFile } from '../config/schema-generated/authoring.ts';
import type { Problem } from '../core/load-result.ts';
import { contextOf, type ProjectOptions, type Rejected } from './project-options.ts';

export type LoadProjectOptions = ProjectOptions & {
  /** Adds the values that orch uses for keys that are not written. */
  defaults?: boolean | undefined;
};

export type LoadedProject = {
  ok: true;
  project: string;
  /** Null: none. */
  env: string | null;
  /** Directory of the file, absolute. */
  root: string;
  /** The files that were read, relative to `root`. */
  files: string[];
  /** Merged and expanded. Values of variables that look like secrets are masked. */
  config: ProcsFile;
  warnings: Problem[];
};

/** Starts, signals and writes nothing. Never rejects for what is in the files. */
export async function load(options: string | LoadProjectOptions = {}): Promise<LoadedProject | Rejected> {
  const { file, env, environment, stateDir } = contextOf(options);
  const [{ loadTree }, { effectiveTree }, { toMaskedPlain }] = await Promise.all([
    import('../config/load-config.ts'),
    import('../config/effective.ts'),
    import('../config/print-yaml.ts'),
  ]);
  const { built, problems, files } = await loadTree({ file, env, environment, stateDir });
  if (!built) return { ok: false, problems };
  const defaults = typeof options === 'object' && options.defaults === true;
  const config = toMaskedPlain(effectiveTree(built, { defaults })) as ProcsFile;
  const { project, root, env: name } = built.config;
  return { ok: true, project, env: name, root, files, config, warnings: problems };
}
