// `schedule`, `watch`, `hooks`, `limits`, `profiles` -> what the model says.

import { Cron } from 'croner';
import picomatch from 'picomatch';
import type { Hooks, Limits, Schedule, WatchPolicy } from '../../core/spec.ts';
import { parseSizeBytes } from '../../units.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { DEFAULT_MEMORY_ACTION, DEFAULT_SCHEDULE, DEFAULT_STOP, DEFAULT_WATCH } from '../schema/defaults.ts';
import { STOP_SIGNALS, stopSignalName } from '../schema/signals.ts';
import { childOf, itemsOf, type Tree } from '../tree/tree.ts';
import type { NormalizeContext } from './normalize-context.ts';
import { durationOf, integerOf, literalOf, textOf } from './normalize-context.ts';
import { commandOf } from './normalize-probe.ts';

type ExpandPort = (tree: Tree) => Tree;
type ProblemList = Pick<NormalizeContext, 'problems'>;

/** Below this a process does not even start. */
const MIN_MEMORY_BYTES = 1024 ** 2;

export function normalizeSchedule(tree: Tree | undefined, restart: string, context: ProblemList): Schedule | null {
  if (!tree) return null;
  const cron = tree.kind === 'map' ? childOf(tree, 'cron')! : tree;
  const zone = childOf(tree, 'time_zone');
  const schedule: Schedule = {
    cron: literalOf(cron) ?? textOf(cron),
    timeZone: literalOf(zone) ?? DEFAULT_SCHEDULE.timeZone,
    catchUp: isTrue(childOf(tree, 'catch_up')),
    overlap: (literalOf(childOf(tree, 'overlap')) ?? DEFAULT_SCHEDULE.overlap) as Schedule['overlap'],
  };
  if (!isTimeZone(schedule.timeZone)) {
    reportBadValue(
      zone!,
      `${quote(schedule.timeZone)} is no time zone`,
      'an IANA name, for example Europe/Berlin',
      context,
    );
    return null;
  }
  const wrong = cronError(schedule);
  if (wrong !== null) {
    const hint = 'minute hour day month weekday: "0 3 * * *" is every night at three';
    reportBadValue(cron, `${quote(schedule.cron)} is no schedule: ${wrong}`, hint, context);
    return null;
  }
  if (restart === 'always') {
    const message = 'a scheduled service ends and waits for its time, which `restart: always` does not allow';
    reportBadValue(tree, message, 'use `restart: on_failure` or `never`', context);
  }
  return schedule;
}

/** @returns what is wrong, or null. */
function cronError({ cron, timeZone }: Schedule): string | null {
  try {
    const next = new Cron(cron, { timezone: timeZone, paused: true }).nextRun();
    return next === null ? 'it never comes' : null;
  } catch (error) {
    const [reason = ''] = (error as Error).message.replace(/^CronPattern: /, '').split('\n');
    return reason.charAt(0).toLowerCase() + reason.slice(1);
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false; // RangeError: not known
  }
}

export function normalizeWatch(tree: Tree | undefined, portless: ExpandPort, context: ProblemList): WatchPolicy | null {
  if (!tree) return null;
  const paths = itemsOf(tree.kind === 'list' ? tree : childOf(tree, 'paths'));
  const ignore = itemsOf(childOf(tree, 'ignore'));
  for (const glob of [...paths, ...ignore]) checkGlob(glob, context);
  if (paths.length === 0) {
    reportBadValue(tree, '`watch` names no files', 'for example `watch: ["src/**/*.js"]`', context);
    return null;
  }
  return {
    paths: paths.map(globOf),
    ignore: ignore.map(globOf),
    debounceMs: durationOf(childOf(tree, 'debounce'), DEFAULT_WATCH.debounce, context.problems),
    action: watchAction(tree, portless, context),
  };
}

const globOf = (tree: Tree): string => (literalOf(tree) ?? textOf(tree)).replace(/^\.\//, '');

function checkGlob(tree: Tree, context: ProblemList): void {
  try {
    picomatch.makeRe(globOf(tree));
    if (globOf(tree).startsWith('../')) throw new Error('it leaves the project');
  } catch (error) {
    const message = `${quote(textOf(tree))} cannot be watched: ${(error as Error).message}`;
    reportBadValue(tree, message, 'a glob within the project, for example src/**/*.js', context);
  }
}

function watchAction(tree: Tree, portless: ExpandPort, context: ProblemList): WatchPolicy['action'] {
  const [signal, run] = [childOf(tree, 'signal'), childOf(tree, 'run')];
  const kind = literalOf(childOf(tree, 'action')) ?? DEFAULT_WATCH.action;
  const useless = kind !== 'signal' && signal ? 'signal' : kind !== 'run' && run ? 'run' : null;
  if (useless) {
    const message = `\`${useless}\` has no effect with \`action: ${kind}\``;
    reportBadValue(childOf(tree, useless)!, message, `write \`action: ${useless}\`, or take it out`, context);
  }
  if (kind === 'signal') return { kind, signal: watchSignal(signal, context) };
  if (kind !== 'run') return { kind: 'restart' };
  if (!run) reportBadValue(tree, '`action: run` needs `run`', 'add for example `run: [npm, run, build]`', context);
  return { kind, command: run ? commandOf(run, portless) : { kind: 'shell', line: ':' } };
}

function watchSignal(tree: Tree | undefined, context: ProblemList): string {
  const text = literalOf(tree) ?? 'SIGHUP';
  const name = stopSignalName(text);
  if (tree && name === null)
    reportBadValue(
      tree,
      `${quote(text)} is no signal`,
      suggestionHint(text, STOP_SIGNALS, 'signals') ?? 'for example SIGHUP',
      context,
    );
  return name ?? DEFAULT_STOP.signal;
}

export function normalizeHooks(tree: Tree | undefined, portless: ExpandPort): Hooks {
  const commandAt = (key: string) => {
    const command = childOf(tree, key);
    return command ? commandOf(command, portless) : null;
  };
  return {
    beforeStart: commandAt('before_start'),
    afterReady: commandAt('after_ready'),
    afterExit: commandAt('after_exit'),
  };
}

export function normalizeLimits(tree: Tree | undefined, context: ProblemList): Limits {
  const written = childOf(tree, 'memory');
  const max = written?.kind === 'map' ? childOf(written, 'max') : written;
  const maxBytes = parseSizeBytes(literalOf(max) ?? '');
  if (max && (maxBytes ?? 0) < MIN_MEMORY_BYTES)
    reportBadValue(max, `${quote(textOf(max))} is too small`, 'no program fits into less than 1MiB', context);
  const action = (literalOf(childOf(written, 'action')) ?? DEFAULT_MEMORY_ACTION) as 'restart' | 'kill';
  return {
    memory: maxBytes === null ? null : { maxBytes, action },
    nofile: integerOf(childOf(tree, 'nofile')),
    nice: integerOf(childOf(tree, 'nice')),
  };
}

export function normalizeProfiles(tree: Tree | undefined): string[] {
  return [...new Set(itemsOf(tree).map(textOf))];
}

export const isTrue = (tree: Tree | undefined): boolean => tree?.kind === 'scalar' && tree.value === true;

function reportBadValue(tree: Tree, message: string, hint: string, { problems }: ProblemList): void {
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint }));
}
