// `readiness`, `liveness`, `startup` -> probes in milliseconds. Checks all that needs no running program.
import { resolve } from 'node:path';
import type { Check, Command, Probe } from '../../core/spec.ts';
import { linearRegExp } from '../../v8/linear-regexp.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { DEFAULT_PROBE } from '../schema/defaults.ts';
import { escapeTemplate } from '../tree/template.ts';
import {
  childOf,
  entriesOf,
  integerOf,
  isTrue,
  itemsOf,
  literalOf,
  type Tree,
  type TreeEntry,
  textOf,
} from '../tree/tree.ts';
import { durationOf, type NormalizeContext, reportBadValue } from './normalize-context.ts';

/** A `log`, `ipc` or `delay` probe that succeeded once succeeds as long as the process lives, whatever happens inside. */
const LATCHED = ['log', 'ipc', 'delay'];

/** @returns null without a probe. */
export function normalizeProbe(entry: TreeEntry | undefined, context: NormalizeContext): Probe | null {
  if (entry?.value.kind !== 'map') return null;
  const tree = entry.value;
  const checks = entriesOf(tree).flatMap(({ key, value }) => checkOf(key, value, context));
  if (checks.length === 0) {
    const hint = 'add one of exec, http, tcp, unix, log, notify, ipc, delay';
    const message = `\`${entry.key}\` checks nothing`;
    context.problems.push(problemAt(entry.keyAt, { code: 'bad-value', message, hint }));
    return null;
  }
  for (const latched of entry.key === 'liveness' ? LATCHED : []) {
    const written = childOf(tree, latched);
    const message = `\`${latched}\` cannot detect that a program has stopped working`;
    if (written) reportBadValue(context, written, message, 'use it for readiness or startup');
  }
  const onFailure = childOf(tree, 'on_failure');
  if (onFailure && entry.key !== 'readiness') {
    const message = `\`on_failure\` belongs to \`readiness\`: a failing \`${entry.key}\` probe always restarts`;
    reportBadValue(context, onFailure, message, 'remove it');
  }
  return {
    ...(literalOf(onFailure) === 'restart' && { onFailure: 'restart' }),
    checks,
    everyMs: Math.max(1, durationOf(childOf(tree, 'every'), DEFAULT_PROBE.every, context)),
    timeoutMs: Math.max(1, durationOf(childOf(tree, 'timeout'), DEFAULT_PROBE.timeout, context)),
    successes: integerOf(childOf(tree, 'successes')) ?? DEFAULT_PROBE.successes,
    failures: integerOf(childOf(tree, 'failures')) ?? DEFAULT_PROBE.failures,
    initialDelayMs: durationOf(childOf(tree, 'initial_delay'), DEFAULT_PROBE.initialDelay, context),
  };
}

function checkOf(key: string, value: Tree, context: NormalizeContext): Check[] {
  const { root, expandPort } = context;
  switch (key) {
    case 'exec':
      return [{ kind: 'exec', command: commandOf(value, context) }];
    case 'http':
      return [httpCheck(expandPort(value), context)];
    case 'tcp':
      return [{ kind: 'tcp', address: textOf(expandPort(value)) }];
    case 'unix':
      return [{ kind: 'unix', path: resolve(escapeTemplate(root), textOf(expandPort(value))) }];
    case 'log':
      return [{ kind: 'log', pattern: patternOf(value, context) }];
    case 'notify':
      return isTrue(value) ? [{ kind: 'notify' }] : [];
    case 'ipc':
      return [{ kind: 'ipc', message: textOf(value) }];
    case 'delay':
      return [{ kind: 'delay', delayMs: durationOf(value, '0s', { problems: [] }) }];
    default:
      return [];
  }
}

/** config/check/values.ts checks the URL. */
function httpCheck(tree: Tree, context: NormalizeContext): Check {
  const written = tree.kind === 'map' ? childOf(tree, 'url')! : tree;
  const headers = entriesOf(childOf(tree, 'headers')).map(({ key, value }) => [key, textOf(value)] as const);
  const body = childOf(tree, 'body');
  return {
    kind: 'http',
    url: textOf(written),
    status: integerOf(childOf(tree, 'status')),
    headers: Object.fromEntries(headers),
    body: body ? patternOf(body, context) : null,
  };
}

/** The items of a list are templates. The shell runs a string, and expands it itself. */
export function commandOf(tree: Tree, { expandPort }: Pick<NormalizeContext, 'expandPort'>): Command {
  if (tree.kind !== 'list') return { kind: 'shell', line: textOf(tree) };
  return { kind: 'argv', argv: itemsOf(expandPort(tree)).map(textOf) };
}

function patternOf(tree: Tree, context: NormalizeContext): string {
  const pattern = literalOf(tree) ?? '';
  const wrong = patternProblem(pattern);
  if (wrong)
    reportBadValue(context, tree, `${quote(pattern)} cannot be used as a pattern: ${wrong.because}`, wrong.hint);
  return pattern;
}

const MAX_PATTERN_LENGTH = 500;

/**
 * Patterns run in V8's linear engine (flag `l`), in the log writer and in probes: program output must never stall them.
 * @returns null for a pattern that this engine takes
 */
function patternProblem(pattern: string): { because: string; hint: string } | null {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return { because: `it is longer than ${MAX_PATTERN_LENGTH} characters`, hint: 'shorten it' };
  try {
    new RegExp(pattern);
  } catch (error) {
    const because = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    return { because, hint: 'write a regular expression of JavaScript' };
  }
  try {
    linearRegExp(pattern);
    return null;
  } catch {
    const because = 'it could take very long on some lines';
    return { because, hint: 'avoid look-around, back references and counts such as {2,300}' };
  }
}
