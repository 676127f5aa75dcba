// `restart`, `stop` and `rollout` -> policies in milliseconds.

import type { EndPolicy, Portion, RestartPolicy, RolloutPolicy, ServiceSpec, StopPolicy } from '../../core/spec.ts';
import { printExactDuration } from '../../units.ts';
import { quote, warningAt } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import {
  DEFAULT_DRAIN_TIMEOUT,
  DEFAULT_END,
  DEFAULT_RESTART,
  DEFAULT_ROLLOUT,
  DEFAULT_STOP,
} from '../schema/defaults.ts';
import { STOP_SIGNALS, stopSignalName } from '../schema/signals.ts';
import { isZeroPortion } from '../tree/instance-variables.ts';
import { childOf, integerOf, itemsOf, literalOf, type Tree, textOf } from '../tree/tree.ts';
import { durationOf, type NormalizeContext, reportBadValue } from './normalize-context.ts';
import { commandOf } from './normalize-probe.ts';
import { timesOfCron } from './normalize-schedule.ts';

export function normalizeRestart(service: Tree, context: NormalizeContext): RestartPolicy {
  const tree = childOf(service, 'restart');
  const policy = literalOf(tree?.kind === 'map' ? childOf(tree, 'policy') : tree) ?? DEFAULT_RESTART.policy;
  if (policy === 'never') warnOfNoEffect(tree, context);
  return {
    policy: policy as RestartPolicy['policy'],
    backoff: normalizeBackoff(childOf(tree, 'backoff'), context),
    limit: normalizeLimit(childOf(tree, 'limit'), context),
    healthyAfterMs: durationOf(childOf(tree, 'healthy_after'), DEFAULT_RESTART.healthyAfter, context),
    ...restartTimes(service, policy, context),
  };
}

/** `restart.cron` */
function restartTimes(service: Tree, policy: string, context: NormalizeContext): Pick<RestartPolicy, 'times'> {
  const tree = childOf(service, 'restart');
  const [cron, zone] = [childOf(tree, 'cron'), childOf(tree, 'time_zone')];
  if (!cron) {
    if (zone) reportBadValue(context, zone, '`time_zone` has no effect without `cron`', 'add `cron`, or remove it');
    return {};
  }
  const other = childOf(service, 'schedule') ? 'schedule' : policy === 'never' ? 'policy: never' : null;
  if (other !== null) {
    const message = `\`restart.cron\` does not go with \`${other}\`: it restarts what runs all the time`;
    reportBadValue(context, cron, message, 'a task that runs at given times has a `schedule`');
    return {};
  }
  const times = timesOfCron(cron, zone, context);
  return times === null ? {} : { times };
}

/** `2s`: always that pause. A first pause longer than the default maximum raises the maximum. */
function normalizeBackoff(tree: Tree | undefined, context: NormalizeContext): RestartPolicy['backoff'] {
  if (tree?.kind === 'scalar') {
    const pauseMs = durationOf(tree, '0s', context);
    return { initialMs: pauseMs, maxMs: pauseMs, factor: 1 };
  }
  const jitter = childOf(tree, 'jitter');
  const initialMs = durationOf(childOf(tree, 'initial'), DEFAULT_RESTART.initial, context);
  const max = childOf(tree, 'max');
  const maxMs = durationOf(max, DEFAULT_RESTART.max, context);
  if (max && maxMs < initialMs) {
    const message = `the longest pause (${literalOf(max)}) is shorter than the first one`;
    reportBadValue(context, max, message, 'raise `max` or lower `initial`');
  }
  return {
    initialMs,
    maxMs: Math.max(initialMs, maxMs),
    factor: integerOf(childOf(tree, 'factor')) ?? DEFAULT_RESTART.factor,
    ...(jitter && { jitter: Number.parseInt(literalOf(jitter) ?? '', 10) / 100 }),
  };
}

/** `3` or `{ count: 3 }`: failures in a row. */
function normalizeLimit(tree: Tree | undefined, context: NormalizeContext): RestartPolicy['limit'] {
  const count = integerOf(tree?.kind === 'map' ? childOf(tree, 'count') : tree);
  const within = childOf(tree, 'within');
  return count === null ? null : { count, withinMs: within ? durationOf(within, '0s', context) : null };
}

function warnOfNoEffect(tree: Tree | undefined, context: NormalizeContext): void {
  for (const key of ['backoff', 'limit', 'healthy_after']) {
    const value = childOf(tree, key);
    const message = `\`${key}\` has no effect with \`policy: never\``;
    if (!value) continue;
    const hint = 'remove it, or choose on_failure';
    context.problems.push(warningAt(value.at, { code: 'no-effect', message, hint }));
  }
}

/** `on_end` and `on_failure` of a service: what its end does to the project. */
export function normalizeEnds(
  service: Tree,
  { policy, limit }: RestartPolicy,
  context: NormalizeContext,
): Pick<ServiceSpec, 'onEnd' | 'onFailure'> {
  const [end, failure] = [childOf(service, 'on_end'), childOf(service, 'on_failure')];
  const [onEnd, onFailure] = [end, failure].map((tree) => (literalOf(tree) ?? DEFAULT_END) as EndPolicy);
  if (onEnd === 'down' && childOf(service, 'schedule')) {
    const message = '`on_end: down` does not go with `schedule`: a scheduled service runs again';
    reportBadValue(context, end!, message, 'use `on_failure: down`, or remove `schedule`');
  }
  for (const [key, tree, value] of [['on_end', end, onEnd] as const, ['on_failure', failure, onFailure] as const]) {
    const isEndless = policy === 'always' || (policy === 'on_failure' && key === 'on_failure');
    if (value !== 'down' || limit || !isEndless) continue;
    const message = `\`${key}: down\` has no effect: \`restart: ${policy}\` without a \`limit\` never gives up`;
    const hint = 'use `restart: never`, or add `limit: { count: 5, within: 1m }` to `restart`';
    const warning = warningAt(tree!.at, { code: 'no-effect', message, hint });
    // In `defaults` it is written once for many services.
    const isKnown = context.problems.some((other) => other.message === message && other.line === warning.line);
    if (!isKnown) context.problems.push(warning);
  }
  return { onEnd: onEnd!, onFailure: onFailure! };
}

export function normalizeStop(tree: Tree | undefined, context: NormalizeContext): StopPolicy {
  const graceMs = durationOf(childOf(tree, 'grace'), DEFAULT_STOP.grace, context);
  const [command, message] = [childOf(tree, 'command'), childOf(tree, 'message')];
  if (command && message) {
    const twice = '`command` and `message` both replace the first signal';
    reportBadValue(context, message, twice, 'keep one of them');
  }
  const escalate = itemsOf(childOf(tree, 'escalate')).map((step) => ({
    signal: signalOf(childOf(step, 'signal'), context),
    afterMs: durationOf(childOf(step, 'after'), '0s', context),
  }));
  rejectLateSteps(tree, escalate, graceMs, context);
  return {
    signal: signalOf(childOf(tree, 'signal'), context),
    to: (literalOf(childOf(tree, 'to')) ?? DEFAULT_STOP.to) as StopPolicy['to'],
    graceMs,
    command: command ? commandOf(command, context) : null,
    ...(message && { message: textOf(message) }),
    escalate,
    drain: normalizeDrain(childOf(tree, 'drain'), context),
  };
}

function rejectLateSteps(
  tree: Tree | undefined,
  escalate: StopPolicy['escalate'],
  graceMs: number,
  context: NormalizeContext,
): void {
  const lastMs = escalate.reduce((sum, { afterMs }) => sum + afterMs, 0);
  const written = childOf(tree, 'escalate');
  if (!written || escalate.length === 0 || lastMs < graceMs) return;
  const message = `the last step comes ${printExactDuration(lastMs)} after the first signal, SIGKILL after ${printExactDuration(graceMs)}`;
  reportBadValue(context, written, message, 'raise `grace`, or shorten the steps');
}

function normalizeDrain(tree: Tree | undefined, context: NormalizeContext): StopPolicy['drain'] {
  if (tree?.kind !== 'map') return null;
  const [signal, http, exec] = ['signal', 'http', 'exec'].map((key) => childOf(tree, key));
  if ([signal, http, exec].filter(Boolean).length !== 1) {
    const message = '`drain` needs one of signal, http, exec';
    reportBadValue(context, tree, message, 'keep exactly one of them');
  }
  const timeoutMs = durationOf(childOf(tree, 'timeout'), DEFAULT_DRAIN_TIMEOUT, context);
  if (exec) return { by: { kind: 'exec', command: commandOf(exec, context) }, timeoutMs };
  if (!http) return { by: { kind: 'signal', signal: signalOf(signal, context) }, timeoutMs };
  return { by: { kind: 'http', url: textOf(context.expandPort(http)) }, timeoutMs };
}

/** SIGTERM without a value. */
function signalOf(written: Tree | undefined, context: NormalizeContext): string {
  const signal = literalOf(written) ?? DEFAULT_STOP.signal;
  const name = stopSignalName(signal);
  if (written && name === null) {
    const hint = /STOP|TSTP/.test(signal)
      ? 'it only pauses a program; SIGTERM, SIGINT and SIGKILL end it'
      : suggestionHint(`SIG${signal.toUpperCase().replace(/^SIG/, '')}`, STOP_SIGNALS, 'signals');
    const message = `${quote(signal)} is not a signal that can stop a program`;
    reportBadValue(context, written, message, hint);
  }
  return name ?? DEFAULT_STOP.signal;
}

/**
 * @param service the whole service: `rollout` may be next to `pool` or inside it
 * @param readyAfterMs for how long a new instance must be ready unless `min_ready` says otherwise
 */
export function normalizeRollout(service: Tree, readyAfterMs: number, context: NormalizeContext): RolloutPolicy {
  const ofService = childOf(service, 'rollout');
  const ofPool = childOf(childOf(service, 'pool'), 'rollout');
  if (ofService && ofPool) {
    const message = '`rollout` is written twice: inside `pool` and next to it';
    reportBadValue(context, ofService, message, 'remove one of them');
  }
  const tree = ofPool ?? ofService;
  const unavailable = childOf(tree, 'max_unavailable');
  const minReady = childOf(tree, 'min_ready');
  const policy: RolloutPolicy = {
    maxUnavailable: portionOf(unavailable, DEFAULT_ROLLOUT.maxUnavailable),
    maxSurge: portionOf(childOf(tree, 'max_surge'), DEFAULT_ROLLOUT.maxSurge),
    minReadyMs: minReady ? durationOf(minReady, '0s', context) : readyAfterMs,
    deadlineMs: durationOf(childOf(tree, 'deadline'), DEFAULT_ROLLOUT.deadline, context),
    onFailure: (literalOf(childOf(tree, 'on_failure')) ?? DEFAULT_ROLLOUT.onFailure) as RolloutPolicy['onFailure'],
  };
  if (unavailable && isZeroPortion(policy.maxUnavailable) && isZeroPortion(policy.maxSurge)) {
    const message = 'no instance may be missing or added: a roll-out could never replace one';
    reportBadValue(context, unavailable, message, 'raise it, or set `max_surge`');
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
