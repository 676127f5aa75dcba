// Writes the reference of the command line from the definitions that commander is built from.

import { commands } from '../../src/cli/command-list.ts';
import { type CommandDefinition, globalOptions, type OptionDefinition } from '../../src/cli/context/definition.ts';

export function referenceText(): string {
  const shown = commands.filter(({ hidden }) => !hidden);
  const groups = [...new Set(shown.map(({ group }) => group))];
  return [
    '# Command line',
    '',
    '<!-- Written by `npx vitest run test/cli/reference.test.ts -u` from src/cli/commands; a test keeps it so. -->',
    '',
    '`orch [options] COMMAND`. The project is the nearest `procs.yaml` in this directory or its parents, or the file named by',
    '`-f`. Global options may stand before or after the command.',
    '',
    ...optionTable(globalOptions),
    '',
    '| command | does |',
    '|---|---|',
    ...groups.flatMap((group) => shown.filter((one) => one.group === group)).map(row),
    '',
    '## Exit codes',
    '',
    '| code | means |',
    '|---|---|',
    '| 0 | done |',
    '| 1 | it did not work out: a service failed, a wait timed out, the supervisor was lost |',
    '| 2 | bad usage or configuration; for `plan` and `diff`: there are changes |',
    '| 3 | no supervisor runs |',
    '| 4 | conflict: another supervisor, a refused singleton, another environment in force, a plan that does not hold any more |',
    '| others | of the program that ended the project (`on_end`, `on_failure`, `up --exit-code-from`), or of the task that `wait` waited for |',
    '',
    'Errors go to stderr, an `error:` line first; with `--json` an object `{"error": {code, message, file?, line?, column?,',
    'hint?}}` goes to stdout as well. `orch down` where nothing runs is done, with 0.',
    '',
    '## Environment variables',
    '',
    '| variable | means |',
    '|---|---|',
    '| `ORCH_ENV` | the environment when `--env` is not given; ignored in a program that orch started for another project |',
    '| `NO_COLOR`, `FORCE_COLOR` | no colours; colours even without a terminal |',
    '| `TERM=dumb` | no colours and no full-screen view |',
    '| `ORCH_SPAWN=fork` | starts programs by fork(2) instead of posix_spawn(3); Linux |',
    '| `ORCH_RESPAWN=0` | given to `orch up`: a supervisor that is killed is not started again |',
    '| `ORCH_NO_CODE_CACHE=1` | compiled code is neither read from `~/.cache/orch/code` nor written there |',
    '| `ORCH_DEBUG=1` | shows where an internal error comes from |',
    ...groups.flatMap((group) => ['', `## ${group}`, ...shown.filter((one) => one.group === group).flatMap(section)]),
    '',
  ].join('\n');
}

const row = ({ name, summary }: CommandDefinition) => `| [\`${name}\`](#orch-${name}) | ${summary} |`;

function section(command: CommandDefinition): string[] {
  const usage = ['orch', command.name, command.options.length > 0 ? '[options]' : '', ...syntax(command)];
  return [
    '',
    `### orch ${command.name}`,
    '',
    `\`${usage.filter(Boolean).join(' ')}\``,
    '',
    [`${command.summary[0]!.toUpperCase()}${command.summary.slice(1)}.`, command.details].filter(Boolean).join(' '),
    ...(command.arguments.length > 0 ? ['', ...command.arguments.map(argumentLine)] : []),
    ...(command.options.length > 0 ? ['', ...optionTable(command.options)] : []),
    '',
    '```sh',
    ...command.examples.map(([line, does]) => `${line}   # ${does}`),
    '```',
  ];
}

const syntax = (command: CommandDefinition) => command.arguments.map((argument) => argument.syntax);
const argumentLine = ({ syntax, description }: { syntax: string; description: string }) =>
  `- \`${syntax}\`: ${description}`;

function optionTable(options: OptionDefinition[]): string[] {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const choices = ({ value }: OptionDefinition) => (value?.kind === 'choice' ? ` (${value.choices.join(', ')})` : '');
  return [
    '| option | means |',
    '|---|---|',
    ...options.map((option) => `| \`${cell(option.flags)}\` | ${cell(option.description)}${choices(option)} |`),
  ];
}
