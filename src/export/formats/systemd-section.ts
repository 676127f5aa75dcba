// The section [Service] of a unit.
import { escapeTemplate } from '../../config/tree/template.ts';
import type { Command } from '../../core/spec.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import { fillText, type InstanceWords, knownWords } from '../text/instance-text.ts';
import { shellLine } from '../text/shell-line.ts';
import { type StartVariables, startVariables } from '../text/start-variables.ts';
import { assignment, execWord, specifierText, timeSpan } from '../text/systemd-quoting.ts';
import { isNotify, isOneshot } from './systemd-units.ts';

type UnitLine = [key: string, value: string | number | null];

export function serviceLines(service: ExportedService, project: ExportedProject): UnitLine[] {
  const { spec, variables } = service;
  const { restart, stop, hooks, limits } = spec;
  const directory = fillText(spec.cwd, knownWords(spec, project.config), (text) => text);
  const start = startVariables(service, project.config, { number: '%i', escape: specifierText });
  const run = (command: Command | null): string | null =>
    command === null ? null : execLine(command, start.words, directory, project);
  const oneshot = isOneshot(spec, project.config);
  const isMixed = stop.to === 'main';
  return [
    ['Type', oneshot ? 'oneshot' : isNotify(spec) ? 'notify' : 'exec'],
    ['NotifyAccess', isNotify(spec) ? 'all' : null],
    ['RemainAfterExit', oneshot && !spec.schedule ? 'yes' : null],
    ['WorkingDirectory', specifierText(directory)],
    ...start.environment.map(([name, value]): UnitLine => ['Environment', assignment(name, value)]),
    // `-`: it may be missing.
    ...variables.namedFiles.map(
      ({ path, isOptional }): UnitLine => ['EnvironmentFile', `${isOptional ? '-' : ''}${specifierText(path)}`],
    ),
    ['UnsetEnvironment', variables.removed.length > 0 ? variables.removed.join(' ') : null],
    ['ExecStartPre', run(hooks.beforeStart)],
    ['ExecStart', startLine(spec.command, start, directory, project)],
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

/** With a shell in front of the program where variables need one. */
function startLine(command: Command, start: StartVariables, directory: string, project: ExportedProject): string {
  const { words, shellWords, numbers, exports } = start;
  if (numbers.length + exports.length === 0) return execLine(command, words, directory, project);
  const line = shellLine(withFoundProgram(command, directory, project), shellWords, { numbers, exports });
  return `/bin/sh -c ${execWord(specifierText(line))}`;
}

function withFoundProgram(command: Command, directory: string, { findProgram }: ExportedProject): Command {
  if (command.kind === 'shell') return command;
  const [name, ...others] = command.argv as [string, ...string[]];
  const program = findProgram(name, directory);
  return program === null ? command : { kind: 'argv', argv: [escapeTemplate(program), ...others] };
}
