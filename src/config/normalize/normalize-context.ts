// What normalising a service or queue needs to know, and how values are taken out of a tree that the schema accepted.

import type { Problem } from '../../core/load-result.ts';
import { parseDurationMs } from '../../units.ts';
import type { EnvEntry } from '../files/dotenv.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { MAX_TIMER_MS } from '../schema/defaults.ts';
import { expandTemplate } from '../tree/template.ts';
import type { Tree } from '../tree/tree.ts';

export type NormalizeContext = {
  /** Name of the project. */
  project: string;
  /** Absolute. */
  root: string;
  problems: Problem[];
  /** Variables of the project's env files. */
  projectFileEnv: Map<string, EnvEntry>;
  /** The project's `env`. */
  projectEnv: Tree | undefined;
  /** Variables of each service's own env files, by service. */
  serviceFileEnv: Map<string, Map<string, EnvEntry>>;
  /** The same tree with `${PORT}` filled in from the variables at load, for a service without a port. */
  expandPort: (tree: Tree) => Tree;
  /** Was the service's command refused already? */
  isCommandRejected: (service: string) => boolean;
};

/** The text of a scalar, as a template. */
export const textOf = (tree: Tree): string => (tree.kind === 'scalar' ? String(tree.value) : '');

/** The text of a scalar with its `$$` resolved, for what is no template; null where there is none. */
export function literalOf(tree: Tree | undefined): string | null {
  if (tree?.kind !== 'scalar' || typeof tree.value !== 'string') return null;
  const expansion = expandTemplate(tree.value, {});
  return expansion.ok ? expansion.text : tree.value;
}

export function integerOf(tree: Tree | undefined): number | null {
  return tree?.kind === 'scalar' && typeof tree.value === 'number' ? tree.value : null;
}

// A duration for a timer, from a valid tree.

/** Longer than Node's timers hold is a problem. */
export function durationOf(tree: Tree | undefined, otherwise: string, problems: Problem[]): number {
  const ms = parseDurationMs(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || ms <= MAX_TIMER_MS) return ms;
  const message = `${quote(literalOf(tree) ?? '')} is too long`;
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint: 'at most 24d' }));
  return MAX_TIMER_MS;
}
