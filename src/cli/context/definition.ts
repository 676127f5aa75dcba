// What a command and an option are made of, and the options that every command has.
import type { CliContext, ExitCode } from './context.ts';

export type OptionDefinition = {
  /** As commander reads them: `-d, --detach`, `--timeout <duration>`, `--no-tui`. */
  flags: string;
  description: string;
  /** How the value is checked: a duration becomes milliseconds, a count a whole number from 0, a list (with commas,
   * or by naming the option again) strings, variables (`NAME=VALUE`, any number of times) a record. Without: kept as text. */
  value?:
    | { kind: 'duration' }
    | { kind: 'count' }
    | { kind: 'list' }
    | { kind: 'variables' }
    | { kind: 'choice'; choices: readonly string[] };
  /** What completion offers for the value. */
  completes?: CompletionKind;
  /** May be given several times: the values are joined with commas. */
  repeats?: true;
};

/** Shells with a completion script. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** `name`: services and instances; `size`: `api=`. */
export type CompletionKind = 'name' | 'service' | 'size' | 'file' | 'environment' | 'shell' | 'export';

export type ArgumentDefinition = {
  /** `<name...>` is required, `[name...]` is not. */
  syntax: string;
  description: string;
  completes?: CompletionKind;
};

/** A file commands/<name>.ts holds the definition of its command and the code that runs it. */
export type CommandDefinition<Options = never> = {
  name: string;
  group: 'Run' | 'Look' | 'Change' | 'Configuration' | 'Shell';
  /** One line, for the list of commands. */
  summary: string;
  /** More lines of help, or ''. */
  details: string;
  arguments: ArgumentDefinition[];
  options: OptionDefinition[];
  /** Command lines with what they do. */
  examples: [line: string, does: string][];
  /** Not in the list of commands. */
  hidden?: true;
  /** `-f` is an option of the command itself: the file is named by `--file` or before the command. */
  ownsShortF?: true;
  /** Words after `--` are for a program. */
  passesArguments?: true;
  /** Is about this directory, not about the project that it belongs to. */
  inCurrentDirectory?: true;
  /**
   * Writes to the streams of the context, never to `process`, and never calls process.exit.
   * @param options what the tables above describe, as commander or the fast path read it
   */
  run(context: CliContext, options: Options, names: string[]): Promise<ExitCode>;
};

export const globalOptions: OptionDefinition[] = [
  {
    flags: '-f, --file <file>',
    description: 'the procs.yaml to use (default: in this directory or the nearest parent)',
    completes: 'file',
  },
  {
    flags: '-e, --env <name>',
    description: 'the environment, which adds procs.<name>.yaml; several in order, the last wins (default: $ORCH_ENV)',
    completes: 'environment',
    repeats: true,
  },
  { flags: '--no-local', description: 'leave out procs.local.yaml, which is read last (also: ORCH_NO_LOCAL=1)' },
  {
    flags: '--state-dir <dir>',
    description: 'where to keep the state of the project instead of in .orch (default: $ORCH_STATE_DIR)',
    completes: 'file',
  },
  { flags: '--json', description: 'print JSON for programs instead of text for people' },
  { flags: '--no-color', description: 'print no colours (also: NO_COLOR=1)' },
];

/** Global options as they are understood after a command too: `orch ps --json`, `orch up -f FILE`, `orch logs --file FILE`. */
export function globalOptionsAfter({ ownsShortF }: Pick<CommandDefinition, 'ownsShortF'>): OptionDefinition[] {
  return globalOptions.map((option) =>
    ownsShortF && option.flags.startsWith('-f,') ? { ...option, flags: option.flags.slice('-f, '.length) } : option,
  );
}

/** `-f, --file <file>` → `-f`, `--file`. */
export const spellingsOf = ({ flags }: OptionDefinition): string[] =>
  flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));

/** The values of an option that `repeats`. */
export const joinValues = (before: string | undefined, value: string): string =>
  before === undefined ? value : `${before},${value}`;

export const takesValue = ({ flags }: OptionDefinition): boolean => flags.includes('<');

// Arguments and options that several commands have.

const SELECTORS = "services (`api`), instances (`api.2`), tags (`tag:backend`) or patterns (`'api-*'`)";

export const optionalNames: ArgumentDefinition[] = [
  { syntax: '[names...]', description: `${SELECTORS}; default: all`, completes: 'name' },
];
/** Or `--all`. */
export const namesOrAll: ArgumentDefinition[] = [{ syntax: '[names...]', description: SELECTORS, completes: 'name' }];
export const requiredNames: ArgumentDefinition[] = [
  { syntax: '<names...>', description: SELECTORS, completes: 'name' },
];
export const exceptOption: OptionDefinition = {
  flags: '--except <names>',
  description: 'leave these out (names, tags or patterns, with commas)',
  value: { kind: 'list' },
  completes: 'name',
};
export const setOption: OptionDefinition = {
  flags: '--set <name=value>',
  description: 'an environment variable of the program, over what is declared (any number of times)',
  value: { kind: 'variables' },
};
export const timeoutOption = (description: string): OptionDefinition => ({
  flags: '--timeout <duration>',
  description: `${description} (such as 500ms, 30s, 5m)`,
  value: { kind: 'duration' },
});
export const waitOptions: OptionDefinition[] = [
  { flags: '--wait', description: 'return once everything is as declared' },
  timeoutOption('with --wait: how long to wait'),
];
