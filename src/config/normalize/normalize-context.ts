// What normalising a service or a queue needs to know, and the steps that all normalizers share.
import type { Problem } from '../../core/load-result.ts';
import { parseDurationMs } from '../../units.ts';
import type { EnvEntry } from '../files/dotenv.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { MAX_TIMER_MS } from '../schema/defaults.ts';
import { literalOf, type Tree } from '../tree/tree.ts';

export type NormalizeContext = {
  /** Name of the project. */
  project: string;
  /** By which an earlier version would call it: it named a project after its directory without links. */
  formerProject: string;
  /** Absolute. */
  root: string;
  /** The path by which the project is known. */
  projectPath: string;
  /** Absolute. */
  stateDir: string;
  problems: Problem[];
  /** Variables of the project's env files. */
  projectFileEnv: Map<string, EnvEntry>;
  /** The project's `env`. */
  projectEnv: Tree | undefined;
  /** Variables of each service's own env files, by service. */
  serviceFileEnv: Map<string, Map<string, EnvEntry>>;
  /** Fills in `${PORT}` from the variables at load: for a service without a `port`. Other services leave it to each start. */
  expandPort: (tree: Tree, path?: readonly string[]) => Tree;
  /** Services whose command the schema refused: a missing command is not reported again. */
  rejectedCommands: ReadonlySet<string>;
};

type Problems = Pick<NormalizeContext, 'problems'>;

export function reportBadValue({ problems }: Problems, { at }: Tree, message: string, hint: string | null): void {
  problems.push(problemAt(at, { code: 'bad-value', message, hint }));
}

/** Milliseconds of a valid duration. A duration that is too long for a timer of Node is a problem. */
export function durationOf(tree: Tree | undefined, otherwise: string, context: Problems): number {
  const ms = parseDurationMs(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || ms <= MAX_TIMER_MS) return ms;
  reportBadValue(context, tree, `${quote(literalOf(tree) ?? '')} is too long`, 'at most 24d');
  return MAX_TIMER_MS;
}
