// The section [Service] of a unit.
import { escapeTemplate } from '../../config/tree/template.ts';
import type { Command } from '../../core/spec.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import { fillText, type InstanceWords, knownWords, uses } from '../text/instance-text.ts';
import { secretExports, shellLine, shellWord } from '../text/shell-line.ts';
import { assignment, execWord, specifierText, timeSpan } from '../text/systemd-quoting.ts';
import { isNotify, isOneshot } from './systemd-units.ts';

type UnitLine = [key: string, value: string | number | null];

export function serviceLines(service: ExportedService, project: ExportedProject): UnitLine[] {
  const { spec, variables } = service;
  const { restart, stop, hooks, limits } = spec;
  const known = knownWords(spec, project.config);
  const directory = fillText(spec.cwd, known, (text) => text);
  const { start, environment, words } = startOf(service, known, project);
  const run = (command: Command | null): string | null =>
    command === null ? null : execLine(command, words, directory, project);
  const oneshot = isOneshot(spec, project.config);
  const isMixed = stop.to === 'main';
  return [
    ['Type', oneshot ? 'oneshot' : isNotify(spec) ? 'notify' : 'exec'],
    ['NotifyAccess', isNotify(spec) ? 'all' : null],
    ['RemainAfterExit', oneshot && !spec.schedule ? 'yes' : null],
    ['WorkingDirectory', specifierText(directory)],
    ...environment.map(([name, value]): UnitLine => ['Environment', assignment(name, value)]),
    // `-`: it may be missing, as the loader has found what there is.
    ...variables.files.map((file): UnitLine => ['EnvironmentFile', `-${specifierText(file)}`]),
    ['UnsetEnvironment', variables.removed.length > 0 ? variables.removed.join(' ') : null],
    ['ExecStartPre', run(hooks.beforeStart)],
    ['ExecStart', start],
    ['ExecStartPost', run(hooks.afterReady)],
    // $MAINPID is a variable of systemd.
    [
      'ExecReload',
      spec.reload?.kind === 'signal'
        ? `/bin/kill -${spec.reload.signal.replace(/^SIG/, '')} $MAINPID`
        : run(spec.reload?.command ?? null),
    ],
    ['ExecStop', run(stop.command)],
    ['ExecStopPost', run(hooks.afterExit)],
    ['Restart', { always: 'always', on_failure: 'on-failure', never: 'no' }[restart.policy]],
    ['RestartSec', restart.policy === 'never' ? null : timeSpan(restart.backoff.initialMs)],
    ['SuccessExitStatus', spec.successCodes?.filter((code) => code !== 0).join(' ') || null],
    ['KillMode', isMixed ? 'mixed' : 'control-group'],
    ['KillSignal', stop.signal],
    ['TimeoutStopSec', timeSpan(stop.graceMs)],
    // A oneshot unit starts for as long as it runs.
    ['TimeoutStartSec', oneshot ? (spec.timeoutMs === null ? 'infinity' : timeSpan(spec.timeoutMs)) : null],
    ['RuntimeMaxSec', !oneshot && spec.timeoutMs !== null ? timeSpan(spec.timeoutMs) : null],
    ['User', spec.user?.name ?? null],
    ['Group', spec.group?.name ?? null],
    ['UMask', spec.umask],
    ['MemoryMax', limits.memory?.maxBytes ?? null],
    ['LimitNOFILE', limits.nofile],
    ['Nice', limits.nice],
    ...outputLines(service, project),
  ];
}

function outputLines({ spec }: ExportedService, { config, filedQueues }: ExportedProject): UnitLine[] {
  const target = (name: string | null): string | null => {
    const queue = config.logQueues.find((one) => one.name === name);
    if (!queue || queue.sink !== null || !filedQueues.has(queue.name)) return null;
    return `append:${specifierText(queue.path)}`;
  };
  return [
    ['StandardOutput', target(spec.logQueue)],
    ['StandardError', spec.stderrQueue === null ? null : target(spec.stderrQueue)],
  ];
}

/** systemd runs no shell, and starts programs by absolute paths: others it looks for in a path of its own. */
function execLine(command: Command, words: InstanceWords, directory: string, project: ExportedProject): string {
  if (command.kind === 'shell') return `/bin/sh -c ${execWord(specifierText(command.line.trim()))}`;
  const argv = command.argv.map((word) => fillText(word, words, specifierText));
  const program = project.findProgram(argv[0]!.replaceAll('%%', '%'), directory);
  return [program === null ? argv[0]! : specifierText(program), ...argv.slice(1)].map(execWord).join(' ');
}

/** Variables for which a shell is needed: counted ones, secrets, and those that a file would overwrite. */
function startOf({ spec, variables }: ExportedService, known: Record<string, string>, project: ExportedProject) {
  const isPool = spec.pool > 1;
  const escaped = Object.entries(known).map(([name, value]) => [name, specifierText(value)] as const);
  const words: InstanceWords = {
    ...Object.fromEntries(escaped),
    ...(isPool && { ORCH_INSTANCE: '%i', ORCH_INSTANCE_ID: `${specifierText(spec.name)}.%i` }),
  };
  const isCounted = isPool && (typeof spec.port === 'number' || uses(spec, 'ORCH_INDEX'));
  const isInShell = (name: string, value: string): boolean =>
    variables.overridden.includes(name) || (isCounted && /\$\{(?:PORT|ORCH_INDEX)\b/.test(value));
  const plain = variables.plain.filter(([name]) => name !== 'PORT' || spec.port === null);
  const environment: [string, string][] = [
    ...Object.keys(words).flatMap((name): [string, string][] =>
      name.startsWith('ORCH_') && (uses(spec, name) || (isPool && name === 'ORCH_INSTANCE'))
        ? [[name, words[name]!]]
        : [],
    ),
    ...(words.PORT === undefined ? [] : ([['PORT', words.PORT]] as [string, string][])),
    ...plain
      .filter(([name, value]) => !isInShell(name, value))
      .map(([name, value]): [string, string] => [name, fillText(value, words, specifierText)]),
  ];
  const inner = {
    ...Object.fromEntries(Object.entries(known).map(([name, value]) => [name, shellWord(value)])),
    ...(isPool &&
      Object.fromEntries(
        ['ORCH_INSTANCE', 'ORCH_INSTANCE_ID', 'ORCH_INDEX', 'PORT'].map((name) => [name, `"$${name}"`]),
      )),
  };
  const numbers: [string, string][] = [
    ...(isCounted && typeof spec.port === 'number'
      ? ([['PORT', `$((${spec.port - 1} + ORCH_INSTANCE))`]] as [string, string][])
      : []),
    ...(isCounted ? ([['ORCH_INDEX', '$((ORCH_INSTANCE - 1))']] as [string, string][]) : []),
  ];
  const exports: [string, string][] = [
    ...plain
      .filter(([name, value]) => isInShell(name, value))
      .map(([name, value]): [string, string] => [name, fillText(value, inner, shellWord)]),
    ...secretExports(variables.secrets),
  ];
  const directory = fillText(spec.cwd, known, (text) => text);
  if (numbers.length + exports.length === 0)
    return { start: execLine(spec.command, words, directory, project), environment, words };
  const line = shellLine(withFoundProgram(spec.command, directory, project), inner, { numbers, exports });
  return { start: `/bin/sh -c ${execWord(specifierText(line))}`, environment, words };
}

function withFoundProgram(command: Command, directory: string, { findProgram }: ExportedProject): Command {
  if (command.kind === 'shell') return command;
  const [name, ...others] = command.argv as [string, ...string[]];
  const program = findProgram(name, directory);
  return program === null ? command : { kind: 'argv', argv: [escapeTemplate(program), ...others] };
}
