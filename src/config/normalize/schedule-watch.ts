// `watch`, `reload`, `hooks`, `limits`, `profiles` -> their normal form.
import picomatch from 'picomatch';
import type { Hooks, Limits, ReloadPolicy, WatchPolicy } from '../../core/spec.ts';
import { parseSizeBytes } from '../../units.ts';
import { quote } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { DEFAULT_MEMORY_ACTION, DEFAULT_STOP, DEFAULT_WATCH } from '../schema/defaults.ts';
import { STOP_SIGNALS, stopSignalName } from '../schema/signals.ts';
import { childOf, integerOf, isTrue, itemsOf, literalOf, type Tree, textOf } from '../tree/tree.ts';
import { durationOf, type NormalizeContext, reportBadValue } from './normalize-context.ts';
import { commandOf } from './normalize-probe.ts';

/** A process needs more than this to start. */
const MIN_MEMORY_BYTES = 1024 ** 2;

export function normalizeWatch(service: Tree, context: NormalizeContext): WatchPolicy | null {
  const tree = childOf(service, 'watch');
  if (!tree) return null;
  const listed = itemsOf(tree.kind === 'list' ? tree : childOf(tree, 'paths'));
  const ignored = itemsOf(childOf(tree, 'ignore'));
  for (const glob of [...listed, ...ignored]) checkGlob(glob, context);
  const globs = listed.map(globOf);
  const paths = globs.filter((glob) => !glob.startsWith('!'));
  if (paths.length === 0) {
    reportBadValue(context, tree, '`watch` names no files', 'for example `watch: ["src/**/*.js"]`');
    return null;
  }
  return {
    paths,
    ignore: [...ignored.map(globOf), ...globs.filter((glob) => glob.startsWith('!')).map((glob) => glob.slice(1))],
    debounceMs: durationOf(childOf(tree, 'debounce'), DEFAULT_WATCH.debounce, context),
    action: watchAction(tree, childOf(service, 'reload') !== undefined, context),
  };
}

const globOf = (tree: Tree): string => (literalOf(tree) ?? textOf(tree)).replace(/^\.\//, '');

function checkGlob(tree: Tree, context: NormalizeContext): void {
  const wrong = globError(globOf(tree).replace(/^!/, ''));
  if (wrong === null) return;
  const message = `${quote(textOf(tree))} cannot be watched: ${wrong}`;
  reportBadValue(context, tree, message, 'write a directory or a glob, for example src or src/**/*.js');
}

/** @returns why no file can match; null: files can. */
function globError(glob: string): string | null {
  try {
    picomatch.makeRe(glob);
  } catch (error) {
    return (error as Error).message;
  }
  return picomatch.scan(glob).glob.split('/').includes('..') ? '`..` follows a wildcard' : null;
}

function watchAction(tree: Tree, hasReload: boolean, context: NormalizeContext): WatchPolicy['action'] {
  const [signal, run] = [childOf(tree, 'signal'), childOf(tree, 'run')];
  const kind = literalOf(childOf(tree, 'action')) ?? DEFAULT_WATCH.action;
  const unused = kind !== 'signal' && signal ? 'signal' : kind !== 'run' && run ? 'run' : null;
  if (unused) {
    const message = `\`${unused}\` has no effect with \`action: ${kind}\``;
    reportBadValue(context, childOf(tree, unused)!, message, `write \`action: ${unused}\`, or remove it`);
  }
  if (kind === 'signal') return { kind, signal: watchSignal(signal, context) };
  if (kind === 'reload') {
    const message = '`action: reload` needs `reload` of the service';
    if (!hasReload)
      reportBadValue(context, tree, message, 'add for example `reload: { signal: SIGHUP }` next to `watch`');
    return { kind };
  }
  if (kind !== 'run') return { kind: 'restart' };
  if (!run) reportBadValue(context, tree, '`action: run` needs `run`', 'add for example `run: [npm, run, build]`');
  return { kind, command: run ? commandOf(run, context) : { kind: 'shell', line: ':' } };
}

export function normalizeReload(tree: Tree | undefined, context: NormalizeContext): ReloadPolicy | null {
  if (!tree) return null;
  const [signal, command] = [childOf(tree, 'signal'), childOf(tree, 'command')];
  if (signal && command) {
    reportBadValue(context, command, '`command` does not go with `signal`', 'remove one of them');
    return null;
  }
  if (command) return { kind: 'command', command: commandOf(command, context) };
  if (signal) return { kind: 'signal', signal: watchSignal(signal, context) };
  reportBadValue(
    context,
    tree,
    '`reload` has neither `signal` nor `command`',
    'for example `reload: { signal: SIGHUP }`',
  );
  return null;
}

function watchSignal(tree: Tree | undefined, context: NormalizeContext): string {
  const text = literalOf(tree) ?? 'SIGHUP';
  const name = stopSignalName(text);
  if (tree && name === null)
    reportBadValue(
      context,
      tree,
      `${quote(text)} is not a signal`,
      suggestionHint(text, STOP_SIGNALS, 'signals') ?? 'for example SIGHUP',
    );
  return name ?? DEFAULT_STOP.signal;
}

export function normalizeHooks(tree: Tree | undefined, context: NormalizeContext): Hooks {
  const commandAt = (key: string) => {
    const command = childOf(tree, key);
    return command ? commandOf(command, context) : null;
  };
  const before = childOf(tree, 'before_start');
  const isMap = before?.kind === 'map';
  const command = isMap ? childOf(before, 'command') : undefined;
  return {
    beforeStart: isMap ? commandOf(command!, context) : commandAt('before_start'),
    ...(isTrue(childOf(before, 'once')) && { once: true }),
    afterReady: commandAt('after_ready'),
    afterExit: commandAt('after_exit'),
  };
}

export function normalizeLimits(tree: Tree | undefined, context: NormalizeContext): Limits {
  const written = childOf(tree, 'memory');
  const max = written?.kind === 'map' ? childOf(written, 'max') : written;
  const maxBytes = parseSizeBytes(literalOf(max) ?? '');
  if (max && (maxBytes ?? 0) < MIN_MEMORY_BYTES)
    reportBadValue(context, max, `${quote(textOf(max))} is too small`, 'at least 1MiB');
  const action = (literalOf(childOf(written, 'action')) ?? DEFAULT_MEMORY_ACTION) as 'restart' | 'kill';
  return {
    memory: maxBytes === null ? null : { maxBytes, action },
    nofile: integerOf(childOf(tree, 'nofile')),
    nice: integerOf(childOf(tree, 'nice')),
  };
}

export function namesOf(tree: Tree | undefined): string[] {
  return [...new Set(itemsOf(tree).map(textOf))];
}
