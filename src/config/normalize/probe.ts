// `readiness`, `liveness`, `startup` -> probes in milliseconds, with what can be checked without running anything.
import { resolve } from 'node:path';
import type { Check, Command, Probe } from '../../core/model.ts';
import { DEFAULT_PROBE } from '../defaults.ts';
import { linearPattern } from '../linear-pattern.ts';
import { problemAt, quote } from '../problem.ts';
import { escapeTemplate } from '../template.ts';
import { child, type Entry, entriesOf, itemsOf, type Tree } from '../tree/tree.ts';
import { durationOf } from './duration.ts';
import type { Normalizing } from './normalizing.ts';
import { integerOf, literalOf, textOf } from './normalizing.ts';

export type ProbeKey = 'readiness' | 'liveness' | 'startup';

/** What `log` and `delay` find stays true for the life of a process: of no use for finding out that it has died inside. */
const LATCHED = ['log', 'delay'];

/**
 * @param portless fills in `${PORT}` for a service without a port.
 * @returns null where there is no probe.
 */
export function normalizeProbe(
  entry: Entry | undefined,
  portless: (tree: Tree) => Tree,
  { root, problems }: Pick<Normalizing, 'root' | 'problems'>,
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
    const written = child(tree, latched);
    if (written)
      refuse(written, `\`${latched}\` cannot tell that a program no longer works`, 'use it for readiness or startup');
  }
  return {
    checks,
    everyMs: Math.max(1, durationOf(child(tree, 'every'), DEFAULT_PROBE.every, problems)),
    timeoutMs: Math.max(1, durationOf(child(tree, 'timeout'), DEFAULT_PROBE.timeout, problems)),
    successes: integerOf(child(tree, 'successes')) ?? DEFAULT_PROBE.successes,
    failures: integerOf(child(tree, 'failures')) ?? DEFAULT_PROBE.failures,
    initialDelayMs: durationOf(child(tree, 'initial_delay'), DEFAULT_PROBE.initialDelay, problems),
  };
}

type Refuse = (at: Tree, message: string, hint: string) => void;

type Making = { portless: (tree: Tree) => Tree; refuse: Refuse; root: string };

function checkOf(key: string, value: Tree, { portless, refuse, root }: Making): Check[] {
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

/** Whether the URL is one is found by checks/addresses.ts. */
function httpCheck(tree: Tree, refuse: Refuse): Check {
  const written = tree.kind === 'map' ? child(tree, 'url')! : tree;
  const headers = entriesOf(child(tree, 'headers')).map(({ key, value }) => [key, textOf(value)] as const);
  const body = child(tree, 'body');
  return {
    kind: 'http',
    url: textOf(written),
    status: integerOf(child(tree, 'status')),
    headers: Object.fromEntries(headers),
    body: body ? patternOf(body, refuse) : null,
  };
}

/** A list is run as is and its parts are templates; a string is run by the shell, which expands it itself. */
export function commandOf(tree: Tree, portless: (tree: Tree) => Tree): Command {
  if (tree.kind !== 'list') return { kind: 'shell', line: textOf(tree) };
  return { kind: 'argv', argv: itemsOf(portless(tree)).map(textOf) };
}

function patternOf(tree: Tree, refuse: Refuse): string {
  const pattern = literalOf(tree) ?? '';
  const wrong = linearPattern(pattern);
  if (wrong) refuse(tree, `${quote(pattern)} cannot be used as a pattern: ${wrong.because}`, wrong.hint);
  return pattern;
}
