// `restart` and `stop` -> policies in milliseconds.
import type { Problem, RestartPolicy, StopPolicy } from '../../core/model.ts';
import { DEFAULT_DRAIN_TIMEOUT, DEFAULT_RESTART, DEFAULT_STOP, HEALTHY_AFTER_MS } from '../defaults.ts';
import { problemAt, quote, warningAt } from '../problem.ts';
import { printDuration, SIGNALS, signalName } from '../quantities.ts';
import { suggestionHint } from '../suggest.ts';
import { child, itemsOf, type Tree } from '../tree/tree.ts';
import { durationOf } from './duration.ts';
import { integerOf, literalOf, textOf } from './normalizing.ts';
import { commandOf } from './probe.ts';

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

export function normalizeStop(tree: Tree | undefined, portless: (tree: Tree) => Tree, problems: Problem[]): StopPolicy {
  const graceMs = durationOf(child(tree, 'grace'), DEFAULT_STOP.grace, problems);
  const command = child(tree, 'command');
  const escalate = itemsOf(child(tree, 'escalate')).map((step) => ({
    signal: signalOf(child(step, 'signal'), problems),
    afterMs: durationOf(child(step, 'after'), '0s', problems),
  }));
  refuseLateSteps(tree, escalate, graceMs, problems);
  return {
    signal: signalOf(child(tree, 'signal'), problems),
    to: (literalOf(child(tree, 'to')) ?? DEFAULT_STOP.to) as StopPolicy['to'],
    graceMs,
    command: command ? commandOf(command, portless) : null,
    escalate,
    drain: normalizeDrain(child(tree, 'drain'), portless, problems),
  };
}

function refuseLateSteps(
  tree: Tree | undefined,
  escalate: StopPolicy['escalate'],
  graceMs: number,
  problems: Problem[],
): void {
  const lastMs = escalate.reduce((sum, { afterMs }) => sum + afterMs, 0);
  const written = child(tree, 'escalate');
  if (!written || escalate.length === 0 || lastMs < graceMs) return;
  const message = `the last step comes ${printDuration(lastMs)} after the first signal, SIGKILL after ${printDuration(graceMs)}`;
  problems.push(problemAt(written.at, { code: 'bad-value', message, hint: 'raise `grace`, or shorten the steps' }));
}

function normalizeDrain(
  tree: Tree | undefined,
  portless: (tree: Tree) => Tree,
  problems: Problem[],
): StopPolicy['drain'] {
  if (tree?.kind !== 'map') return null;
  const [signal, http, exec] = ['signal', 'http', 'exec'].map((key) => child(tree, key));
  if ([signal, http, exec].filter(Boolean).length !== 1) {
    const message = '`drain` needs one of signal, http, exec';
    problems.push(problemAt(tree.at, { code: 'bad-value', message, hint: 'keep exactly one of them' }));
  }
  const timeoutMs = durationOf(child(tree, 'timeout'), DEFAULT_DRAIN_TIMEOUT, problems);
  if (exec) return { by: { kind: 'exec', command: commandOf(exec, portless) }, timeoutMs };
  if (!http) return { by: { kind: 'signal', signal: signalOf(signal, problems) }, timeoutMs };
  return { by: { kind: 'http', url: textOf(portless(http)) }, timeoutMs };
}

/** SIGTERM where nothing is written. */
function signalOf(written: Tree | undefined, problems: Problem[]): string {
  const signal = literalOf(written) ?? DEFAULT_STOP.signal;
  const name = signalName(signal);
  if (written && name === null) {
    const hint = /STOP|TSTP/.test(signal)
      ? 'it does not end a program: SIGTERM, SIGINT or SIGKILL do'
      : suggestionHint(`SIG${signal.toUpperCase().replace(/^SIG/, '')}`, SIGNALS, 'signals');
    const message = `${quote(signal)} is no signal to stop a program by`;
    problems.push(problemAt(written.at, { code: 'bad-value', message, hint }));
  }
  return name ?? DEFAULT_STOP.signal;
}
