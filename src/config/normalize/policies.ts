// `restart` and `stop` -> policies in milliseconds.
import type { Problem, RestartPolicy, StopPolicy } from '../../core/model.ts';
import { DEFAULT_RESTART, DEFAULT_STOP, HEALTHY_AFTER_MS, MAX_TIMER_MS } from '../defaults.ts';
import { problemAt, quote, warningAt } from '../problem.ts';
import { parseDurationMs, SIGNALS, signalName } from '../quantities.ts';
import { suggestionHint } from '../suggest.ts';
import { child, type Tree } from '../tree/tree.ts';
import { integerOf, literalOf } from './normalizing.ts';

export function normalizeRestart(tree: Tree | undefined, problems: Problem[]): RestartPolicy {
  const policy = literalOf(tree?.kind === 'map' ? child(tree, 'policy') : tree) ?? DEFAULT_RESTART.policy;
  if (policy === 'never') warnOfUseless(tree, problems);
  return {
    policy: policy as RestartPolicy['policy'],
    backoff: normalizeBackoff(child(tree, 'backoff'), problems),
    limit: normalizeLimit(child(tree, 'limit'), problems),
    healthyAfterMs: HEALTHY_AFTER_MS,
  };
}

/** A longer first pause than the default longest one lifts that one. */
function normalizeBackoff(tree: Tree | undefined, problems: Problem[]): RestartPolicy['backoff'] {
  const initialMs = durationOf(child(tree, 'initial'), DEFAULT_RESTART.initial, problems);
  const max = child(tree, 'max');
  const maxMs = durationOf(max, DEFAULT_RESTART.max, problems);
  if (max && maxMs < initialMs) {
    const message = `the longest pause (${literalOf(max)}) is shorter than the first one`;
    problems.push(problemAt(max.at, { code: 'bad-value', message, hint: 'raise `max` or lower `initial`' }));
  }
  return {
    initialMs,
    maxMs: Math.max(initialMs, maxMs),
    factor: integerOf(child(tree, 'factor')) ?? DEFAULT_RESTART.factor,
  };
}

function normalizeLimit(tree: Tree | undefined, problems: Problem[]): RestartPolicy['limit'] {
  const count = integerOf(child(tree, 'count'));
  const within = child(tree, 'within');
  return count === null || !within ? null : { count, withinMs: durationOf(within, '0s', problems) };
}

function warnOfUseless(tree: Tree | undefined, problems: Problem[]): void {
  for (const key of ['backoff', 'limit']) {
    const value = child(tree, key);
    const message = `\`${key}\` has no effect with \`policy: never\``;
    if (value)
      problems.push(warningAt(value.at, { code: 'no-effect', message, hint: 'take it out, or choose on_failure' }));
  }
}

export function normalizeStop(tree: Tree | undefined, problems: Problem[]): StopPolicy {
  const written = child(tree, 'signal');
  const signal = literalOf(written) ?? DEFAULT_STOP.signal;
  const name = signalName(signal);
  if (written && name === null) {
    const hint = /STOP|TSTP/.test(signal)
      ? 'it does not end a program: SIGTERM, SIGINT or SIGKILL do'
      : suggestionHint(`SIG${signal.replace(/^SIG/, '')}`, SIGNALS, 'signals');
    problems.push(
      problemAt(written.at, { code: 'bad-value', message: `${quote(signal)} is no signal to stop a program by`, hint }),
    );
  }
  return {
    signal: name ?? DEFAULT_STOP.signal,
    graceMs: durationOf(child(tree, 'grace'), DEFAULT_STOP.grace, problems),
  };
}

/** A duration for a timer: longer than Node's timers hold is a problem. */
function durationOf(tree: Tree | undefined, otherwise: string, problems: Problem[]): number {
  const ms = parseDurationMs(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || ms <= MAX_TIMER_MS) return ms;
  problems.push(
    problemAt(tree.at, {
      code: 'bad-value',
      message: `${quote(literalOf(tree) ?? '')} is too long`,
      hint: 'at most 24d',
    }),
  );
  return MAX_TIMER_MS;
}
