// `readiness`, `liveness`, `startup` -> probes in milliseconds, with what can be checked without running anything.

import { resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { Check, Command, Probe } from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { DEFAULT_PROBE } from '../schema/defaults.ts';
import { escapeTemplate } from '../tree/template.ts';
import { childOf, entriesOf, itemsOf, type Tree, type TreeEntry } from '../tree/tree.ts';
import { durationOf, integerOf, literalOf, type NormalizeContext, textOf } from './normalize-context.ts';

export type ProbeName = 'readiness' | 'liveness' | 'startup';

/** What `log` and `delay` find stays true for the life of a process: of no use for finding out that it has died inside. */
const LATCHED = ['log', 'delay'];

/**
 * @param portless fills in `${PORT}` for a service without a port.
 * @returns null where there is no probe.
 */
export function normalizeProbe(
  entry: TreeEntry | undefined,
  portless: (tree: Tree) => Tree,
  { root, problems }: Pick<NormalizeContext, 'root' | 'problems'>,
): Probe | null {
  if (entry?.value.kind !== 'map') return null;
  const tree = entry.value;
  const refuse = (at: Tree, message: string, hint: string): void => {
    problems.push(problemAt(at.at, { code: 'bad-value', message, hint }));
  };
  const checks = entriesOf(tree).flatMap(({ key, value }) => checkOf(key, value, { portless, refuse, root }));
  if (checks.length === 0) {
    const hint = 'add one of exec, http, tcp, unix, log, notify, delay';
    problems.push(problemAt(entry.keyAt, { code: 'bad-value', message: `\`${entry.key}\` checks nothing`, hint }));
    return null;
  }
  for (const latched of entry.key === 'liveness' ? LATCHED : []) {
    const written = childOf(tree, latched);
    if (written)
      refuse(written, `\`${latched}\` cannot tell that a program no longer works`, 'use it for readiness or startup');
  }
  return {
    checks,
    everyMs: Math.max(1, durationOf(childOf(tree, 'every'), DEFAULT_PROBE.every, problems)),
    timeoutMs: Math.max(1, durationOf(childOf(tree, 'timeout'), DEFAULT_PROBE.timeout, problems)),
    successes: integerOf(childOf(tree, 'successes')) ?? DEFAULT_PROBE.successes,
    failures: integerOf(childOf(tree, 'failures')) ?? DEFAULT_PROBE.failures,
    initialDelayMs: durationOf(childOf(tree, 'initial_delay'), DEFAULT_PROBE.initialDelay, problems),
  };
}

type ReportBadValue = (at: Tree, message: string, hint: string) => void;

type CheckContext = { portless: (tree: Tree) => Tree; refuse: ReportBadValue; root: string };

function checkOf(key: string, value: Tree, { portless, refuse, root }: CheckContext): Check[] {
  switch (key) {
    case 'exec':
      return [{ kind: 'exec', command: commandOf(value, portless) }];
    case 'http':
      return [httpCheck(portless(value), refuse)];
    case 'tcp':
      return [{ kind: 'tcp', address: textOf(portless(value)) }];
    case 'unix':
      return [{ kind: 'unix', path: resolve(escapeTemplate(root), textOf(portless(value))) }];
    case 'log':
      return [{ kind: 'log', pattern: patternOf(value, refuse) }];
    case 'notify':
      return value.kind === 'scalar' && value.value === true ? [{ kind: 'notify' }] : [];
    case 'delay':
      return [{ kind: 'delay', delayMs: durationOf(value, '0s', []) }];
    default:
      return [];
  }
}

/** Whether the URL is one is found by config/check/values.ts. */
function httpCheck(tree: Tree, refuse: ReportBadValue): Check {
  const written = tree.kind === 'map' ? childOf(tree, 'url')! : tree;
  const headers = entriesOf(childOf(tree, 'headers')).map(({ key, value }) => [key, textOf(value)] as const);
  const body = childOf(tree, 'body');
  return {
    kind: 'http',
    url: textOf(written),
    status: integerOf(childOf(tree, 'status')),
    headers: Object.fromEntries(headers),
    body: body ? patternOf(body, refuse) : null,
  };
}

/** A list is run as is and its parts are templates; a string is run by the shell, which expands it itself. */
export function commandOf(tree: Tree, portless: (tree: Tree) => Tree): Command {
  if (tree.kind !== 'list') return { kind: 'shell', line: textOf(tree) };
  return { kind: 'argv', argv: itemsOf(portless(tree)).map(textOf) };
}

function patternOf(tree: Tree, refuse: ReportBadValue): string {
  const pattern = literalOf(tree) ?? '';
  const wrong = patternProblem(pattern);
  if (wrong) refuse(tree, `${quote(pattern)} cannot be used as a pattern: ${wrong.because}`, wrong.hint);
  return pattern;
}

// Whether a regular expression can be matched in linear time: program output must never be able to stall us. The log
// writer and the probes run these patterns in V8's linear engine (flag `l`).

const MAX_PATTERN_LENGTH = 500;

/** @returns null when it is fine; otherwise what is wrong with it. */
function patternProblem(pattern: string): { because: string; hint: string } | null {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return { because: `it is longer than ${MAX_PATTERN_LENGTH} characters`, hint: 'shorten it' };
  try {
    new RegExp(pattern);
  } catch (error) {
    const because = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    return { because, hint: 'it is a regular expression of JavaScript' };
  }
  try {
    // The same engine as os/linear-regexp.ts, which this must not import.
    setFlagsFromString('--enable-experimental-regexp-engine');
    new RegExp(pattern, 'l');
    return null;
  } catch {
    const because = 'it could take very long on some text';
    return { because, hint: 'do without look-around, back references and counts such as {2,300}' };
  }
}
