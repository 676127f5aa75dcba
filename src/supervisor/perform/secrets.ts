// The secrets of one start: read at that moment from the files that the configuration names, handed on, and forgotten.
import { relative } from 'node:path';
import type { ServiceSpec } from '../../core/model.ts';
import { secretReads } from '../../runtime/secret-reads.ts';
import { isTransient, type SpawnFailure } from '../../runtime/spawn/spawn.ts';
import { expanderOf, type LaunchContext } from './launch.ts';

export type Secrets = {
  /** By variable; those that could be read. */
  values: Record<string, string>;
  /** The first that could not be read, `detail` as a sentence with variable and file; null: none. */
  lacking: SpawnFailure | null;
};

export const NO_SECRETS: Secrets = { values: {}, lacking: null };

/** Most services declare none, and then a start waits for nothing. */
export function declaresSecrets(spec: ServiceSpec): boolean {
  return Object.values(spec.env).some((value) => typeof value !== 'string');
}

/**
 * All side by side, so that those on a dead drive cost one wait.
 * @param index of the instance, from 1.
 */
export async function readSecrets(spec: ServiceSpec, index: number, context: LaunchContext): Promise<Secrets> {
  const expand = expanderOf(spec, index, context);
  const declared = Object.entries(spec.env).flatMap(([name, value]) =>
    typeof value === 'string' ? [] : [{ name, path: expand(value.secret) }],
  );
  const files = await Promise.all(declared.map(({ path }) => secretReads.read(path)));
  const secrets: Secrets = { values: {}, lacking: null };
  for (const [at, { name, path }] of declared.entries()) {
    const file = files[at]!;
    if (file.ok) secrets.values[name] = file.text;
    else secrets.lacking ??= failure(file.errno, sentence(name, displayed(path, context.root), file.because));
  }
  return secrets;
}

function failure(errno: string, detail: string): SpawnFailure {
  return { ok: false, errno, detail, transient: isTransient(errno) };
}

function sentence(name: string, path: string, because: string): string {
  return `the secret ${name} cannot be had: ${path} ${because}; \`env.${name}.secret\` names this file`;
}

/** As the user would name it where it lies in the project. */
function displayed(path: string, root: string): string {
  const name = relative(root, path);
  return name.startsWith('..') ? path : name;
}
