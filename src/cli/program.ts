// Builds commander's program from the command definitions; a usage error becomes one `error:` line and exit code 2.
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { parseDurationMs } from '../units.ts';
import { VERSION } from '../version.ts';
import { commands } from './command-list.ts';
import { createContext, type ExitCode, type GlobalOptions, type HostProcess } from './context/context.ts';
import {
  type CommandDefinition,
  globalOptions,
  globalOptionsAfter,
  joinValues,
  type OptionDefinition,
} from './context/definition.ts';
import { fail } from './context/errors.ts';

/** @param argv without node and script. */
export async function runProgram(argv: string[], host: HostProcess): Promise<ExitCode> {
  let code: ExitCode = 0;
  const program = createProgram(host, async ({ command, globals, options, names }) => {
    const file = globals.file ?? (command.inCurrentDirectory ? 'procs.yaml' : undefined);
    code = await command.run(createContext({ ...globals, file }, host), options as never, names);
  });
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return usageError(error, argv, host);
    throw error;
  }
}

/** A line that commander understood. */
export type Invocation = {
  command: CommandDefinition;
  globals: GlobalOptions;
  options: Record<string, unknown>;
  names: string[];
};
export type OnCommand = (invocation: Invocation) => Promise<void>;

export function createProgram(host: HostProcess, onCommand: OnCommand): Command {
  const program = new Command('orch')
    .description('Runs the processes that procs.yaml declares and keeps them as declared.')
    .usage('[options] <command>')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpCommand(
      new Command('help').argument('[command]').description('show help for a command').helpGroup('Shell:'),
    )
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput(outputTo(host))
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
    });
  for (const option of globalOptions) program.addOption(toOption(option));
  for (const command of commands)
    program.addCommand(toCommand(command, program, host, onCommand), { hidden: !!command.hidden });
  program.addHelpText('after', '\nStart with `orch init`, then `orch up`. `orch help <command>` has examples.');
  return program;
}

const argumentTerm = (argument: Argument) => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

function toCommand(definition: CommandDefinition, program: Command, host: HostProcess, onCommand: OnCommand): Command {
  const command = new Command(definition.name)
    .summary(definition.summary)
    .description([sentence(definition.summary), definition.details].filter(Boolean).join('\n\n'))
    .helpGroup(`${definition.group}:`)
    .helpOption('-h, --help', 'show help')
    .copyInheritedSettings(program)
    .configureOutput(outputTo(host));
  for (const { syntax, description } of definition.arguments) command.addArgument(new Argument(syntax, description));
  for (const option of definition.options) command.addOption(toOption(option));
  for (const option of globalOptionsAfter(definition)) command.addOption(toOption(option).hideHelp());
  command.addHelpText('after', `\nExamples:\n${examples(definition)}`);
  return command.action(async () => {
    const options = command.opts();
    const globals = mergeGlobals(program.opts(), options);
    await onCommand({ command: definition, globals, options, names: command.args });
  });
}

/** The option nearer to the end of the line wins; `--no-…` counts in every position, and so does each `-e`. */
function mergeGlobals(before: GlobalOptions, after: GlobalOptions): GlobalOptions {
  const env = [before.env, after.env].filter((names) => names !== undefined);
  return {
    ...before,
    ...after,
    ...(env.length > 0 && { env: env.join(',') }),
    color: before.color !== false && after.color !== false,
    local: before.local !== false && after.local !== false,
  };
}

function toOption({ flags, description, value, repeats }: OptionDefinition): Option {
  const option = new Option(flags, description);
  if (repeats) option.argParser((text: string, before?: string) => joinValues(before, text));
  switch (value?.kind) {
    case 'choice':
      return option.choices(value.choices);
    case 'duration':
      return option.argParser((text: string) => {
        const ms = text === '0' ? 0 : parseDurationMs(text);
        if (ms === null) throw new InvalidArgumentError('Expected a duration such as 500ms, 30s or 5m.');
        return ms;
      });
    case 'count':
      return option.argParser((text: string) => {
        if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 0.');
        return Number(text);
      });
    case 'list':
      return option.argParser((text: string, before: string[] | undefined) => {
        const items = text
          .split(',')
          .map((item) => item.trim())
          .filter(Boolean);
        return [...(before ?? []), ...items];
      });
    case 'variables':
      return option.argParser((text: string, before: Record<string, string> = {}) => {
        const [, name, assigned] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
        if (name === undefined) throw new InvalidArgumentError('Expected NAME=VALUE.');
        return { ...before, [name]: assigned! };
      });
    default:
      return option;
  }
}

function outputTo({ stdout, stderr }: HostProcess) {
  return {
    writeOut: (text: string) => void stdout.write(text),
    writeErr: (text: string) => void stderr.write(text),
    // usageError prints them in the form of orch.
    outputError: () => undefined,
    getOutHelpWidth: () => Math.min(stdout.columns ?? 100, 100),
    getErrHelpWidth: () => 100,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
}

/** Help and version are CommanderErrors too, with exit code 0. */
function usageError(error: CommanderError, argv: string[], host: HostProcess): ExitCode {
  if (error.exitCode === 0) return 0;
  // No command: the help has been printed.
  if (error.code === 'commander.help') return 2;
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (.*)\?\)/.exec(rest.join(' '))?.[1];
  const command = commandIn(argv);
  const isForProgram = error.code === 'commander.unknownOption' && command?.passesArguments && !argv.includes('--');
  const hint = isForProgram
    ? `what the program itself should get comes after \`--\`: \`orch ${command.name} NAME -- ${optionIn(first)}\``
    : suggestion
      ? `did you mean \`${suggestion}\`?`
      : `see \`${['orch help', command?.name].join(' ').trim()}\``;
  return fail({ ...host, json: argv.includes('--json') }, { code: 'usage', message: first, hint });
}

const commandIn = (argv: string[]) => argv.flatMap((word) => commands.find(({ name }) => name === word) ?? []).at(0);

/** `unknown option '-t'` → `-t`. */
const optionIn = (message: string): string => /'([^']*)'/.exec(message)?.[1] ?? '…';

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`;

function examples(definition: CommandDefinition): string {
  const width = Math.max(...definition.examples.map(([line]) => line.length));
  return definition.examples.map(([line, does]) => `  ${line.padEnd(width)}   # ${does}`).join('\n');
}
