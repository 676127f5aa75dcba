// `restart` and `stop` -> policies in milliseconds.

import type { Problem } from '../../core/load-result.ts';
import type { Portion, RestartPolicy, RolloutPolicy, StopPolicy } from '../../core/spec.ts';
import { printExactDuration } from '../../units.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import {
  DEFAULT_DRAIN_TIMEOUT,
  DEFAULT_RESTART,
  DEFAULT_ROLLOUT,
  DEFAULT_STOP,
  HEALTHY_AFTER_MS,
} from '../schema/defaults.ts';
import { STOP_SIGNALS, stopSignalName } from '../schema/signals.ts';
import { childOf, itemsOf, type Tree } from '../tree/tree.ts';
import { durationOf, integerOf, literalOf, textOf } from './normalize-context.ts';
import { commandOf } from './normalize-probe.ts';

export function normalizeRestart(tree: Tree | undefined, problems: Problem[]): RestartPolicy {
  const policy = literalOf(tree?.kind === 'map' ? childOf(tree, 'policy') : tree) ?? DEFAULT_RESTART.policy;
  if (policy === 'never') warnOfNoEffect(tree, problems);
  return {
    policy: policy as RestartPolicy['policy'],
    backoff: normalizeBackoff(childOf(tree, 'backoff'), problems),
    limit: normalizeLimit(childOf(tree, 'limit'), problems),
    healthyAfterMs: HEALTHY_AFTER_MS,
  };
}

/** A longer first pause than the default longest one lifts that one. */
function normalizeBackoff(tree: Tree | undefined, problems: Problem[]): RestartPolicy['backoff'] {
  const initialMs = durationOf(childOf(tree, 'initial'), DEFAULT_RESTART.initial, problems);
  const max = childOf(tree, 'max');
  const maxMs = durationOf(max, DEFAULT_RESTART.max, problems);
  if (max && maxMs < initialMs) {
    const message = `the longest pause (${literalOf(max)}) is shorter than the first one`;
    problems.push(problemAt(max.at, { code: 'bad-value', message, hint: 'raise `max` or lower `initial`' }));
  }
  return {
    initialMs,
    maxMs: Math.max(initialMs, maxMs),
    factor: integerOf(childOf(tree, 'factor')) ?? DEFAULT_RESTART.factor,
  };
}

function normalizeLimit(tree: Tree | undefined, problems: Problem[]): RestartPolicy['limit'] {
  const count = integerOf(childOf(tree, 'count'));
  const within = childOf(tree, 'within');
  return count === null || !within ? null : { count, withinMs: durationOf(within, '0s', problems) };
}

function warnOfNoEffect(tree: Tree | undefined, problems: Problem[]): void {
  for (const key of ['backoff', 'limit']) {
    const value = childOf(tree, key);
    const message = `\`${key}\` has no effect with \`policy: never\``;
    if (value)
      problems.push(warningAt(value.at, { code: 'no-effect', message, hint: 'take it out, or choose on_failure' }));
  }
}

export function normalizeStop(tree: Tree | undefined, portless: (tree: Tree) => Tree, problems: Problem[]): StopPolicy {
  const graceMs = durationOf(childOf(tree, 'grace'), DEFAULT_STOP.grace, problems);
  const command = childOf(tree, 'command');
  const escalate = itemsOf(childOf(tree, 'escalate')).map((step) => ({
    signal: signalOf(childOf(step, 'signal'), problems),
    afterMs: durationOf(childOf(step, 'after'), '0s', problems),
  }));
  rejectLateSteps(tree, escalate, graceMs, problems);
  return {
    signal: signalOf(childOf(tree, 'signal'), problems),
    to: (literalOf(childOf(tree, 'to')) ?? DEFAULT_STOP.to) as StopPolicy['to'],
    graceMs,
    command: command ? commandOf(command, portless) : null,
    escalate,
    drain: normalizeDrain(childOf(tree, 'drain'), portless, problems),
  };
}

function rejectLateSteps(
  tree: Tree | undefined,
  escalate: StopPolicy['escalate'],
  graceMs: number,
  problems: Problem[],
): void {
  const lastMs = escalate.reduce((sum, { afterMs }) => sum + afterMs, 0);
  const written = childOf(tree, 'escalate');
  if (!written || escalate.length === 0 || lastMs < graceMs) return;
  const message = `the last step comes ${printExactDuration(lastMs)} after the first signal, SIGKILL after ${printExactDuration(graceMs)}`;
  problems.push(problemAt(written.at, { code: 'bad-value', message, hint: 'raise `grace`, or shorten the steps' }));
}

function normalizeDrain(
  tree: Tree | undefined,
  portless: (tree: Tree) => Tree,
  problems: Problem[],
): StopPolicy['drain'] {
  if (tree?.kind !== 'map') return null;
  const [signal, http, exec] = ['signal', 'http', 'exec'].map((key) => childOf(tree, key));
  if ([signal, http, exec].filter(Boolean).length !== 1) {
    const message = '`drain` needs one of signal, http, exec';
    problems.push(problemAt(tree.at, { code: 'bad-value', message, hint: 'keep exactly one of them' }));
  }
  const timeoutMs = durationOf(childOf(tree, 'timeout'), DEFAULT_DRAIN_TIMEOUT, problems);
  if (exec) return { by: { kind: 'exec', command: commandOf(exec, portless) }, timeoutMs };
  if (!http) return { by: { kind: 'signal', signal: signalOf(signal, problems) }, timeoutMs };
  return { by: { kind: 'http', url: textOf(portless(http)) }, timeoutMs };
}

/** SIGTERM where nothing is written. */
function signalOf(written: Tree | undefined, problems: Problem[]): string {
  const signal = literalOf(written) ?? DEFAULT_STOP.signal;
  const name = stopSignalName(signal);
  if (written && name === null) {
    const hint = /STOP|TSTP/.test(signal)
      ? 'it does not end a program: SIGTERM, SIGINT or SIGKILL do'
      : suggestionHint(`SIG${signal.toUpperCase().replace(/^SIG/, '')}`, STOP_SIGNALS, 'signals');
    const message = `${quote(signal)} is no signal to stop a program by`;
    problems.push(problemAt(written.at, { code: 'bad-value', message, hint }));
  }
  return name ?? DEFAULT_STOP.signal;
}

// `rollout` -> a policy with portions and milliseconds.

/** @param service the whole service: `rollout` may stand beside `pool` or in it. */
export function normalizeRollout(service: Tree, problems: Problem[]): RolloutPolicy {
  const beside = childOf(service, 'rollout');
  const within = childOf(childOf(service, 'pool'), 'rollout');
  if (beside && within) {
    const message = '`rollout` is written twice: in `pool` and beside it';
    problems.push(problemAt(beside.at, { code: 'bad-value', message, hint: 'take one of them out' }));
  }
  const tree = within ?? beside;
  const unavailable = childOf(tree, 'max_unavailable');
  const policy: RolloutPolicy = {
    maxUnavailable: portionOf(unavailable, DEFAULT_ROLLOUT.maxUnavailable),
    maxSurge: portionOf(childOf(tree, 'max_surge'), DEFAULT_ROLLOUT.maxSurge),
    minReadyMs: durationOf(childOf(tree, 'min_ready'), DEFAULT_ROLLOUT.minReady, problems),
    deadlineMs: durationOf(childOf(tree, 'deadline'), DEFAULT_ROLLOUT.deadline, problems),
    onFailure: (literalOf(childOf(tree, 'on_failure')) ?? DEFAULT_ROLLOUT.onFailure) as RolloutPolicy['onFailure'],
  };
  if (unavailable && isNone(policy.maxUnavailable) && isNone(policy.maxSurge)) {
    const message = 'none may be missing and none may be there on top: nothing could ever be replaced';
    problems.push(problemAt(unavailable.at, { code: 'bad-value', message, hint: 'raise it, or set `max_surge`' }));
  }
  return policy;
}

/** `2` or `25%`. */
function portionOf(tree: Tree | undefined, otherwise: string | number): Portion {
  const count = integerOf(tree);
  if (count !== null) return { kind: 'count', count };
  const text = literalOf(tree) ?? String(otherwise);
  return text.endsWith('%')
    ? { kind: 'percent', percent: Number(text.slice(0, -1)) }
    : { kind: 'count', count: Number(text) };
}

const isNone = (portion: Portion): boolean => (portion.kind === 'count' ? portion.count : portion.percent) === 0;
