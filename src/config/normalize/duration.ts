// A duration for a timer, from a valid tree.
import type { Problem } from '../../core/model.ts';
import { MAX_TIMER_MS } from '../defaults.ts';
import { problemAt, quote } from '../problem.ts';
import { parseDurationMs } from '../quantities.ts';
import type { Tree } from '../tree/tree.ts';
import { literalOf } from './normalizing.ts';

/** Longer than Node's timers hold is a problem. */
export function durationOf(tree: Tree | undefined, otherwise: string, problems: Problem[]): number {
  const ms = parseDurationMs(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || ms <= MAX_TIMER_MS) return ms;
  const message = `${quote(literalOf(tree) ?? '')} is too long`;
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint: 'at most 24d' }));
  return MAX_TIMER_MS;
}
