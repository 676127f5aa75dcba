// What may stand at the cursor: commands, options, their values, names. Reads the tables, so that nothing is said twice.
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { commands } from '../command-list.ts';
import {
  type CommandDefinition,
  type CompletionKind,
  globalOptions,
  globalOptionsAfter,
  type OptionDefinition,
} from '../context/definition.ts';
import { type KnownNames, knownNames } from './known-names.ts';

/** `text` is what would stand in the line; `about` a few words for shells that show them. */
export type Candidate = { text: string; about: string };
/** The shell's own completion of file names. */
export const COMPLETE_FILES = 'files';

/** Finds the project of a line: its `-f`, or null to discover it. */
export type FindFile = (file: string | null) => string;

/**
 * @param words the line up to the cursor, without the program's name; the last one is being typed and may be ''.
 */
export async function candidatesFor(words: string[], findFile: FindFile): Promise<Candidate[] | typeof COMPLETE_FILES> {
  const current = words.at(-1) ?? '';
  const line = parseCommandLine(words.slice(0, -1));
  const offered = await candidatesAt(line, current, findFile);
  return offered === COMPLETE_FILES ? COMPLETE_FILES : offered.filter(({ text }) => text.startsWith(current));
}

type CommandLine = {
  command: CommandDefinition | null;
  file: string | null;
  /** The option whose value comes next. */
  pendingOption: OptionDefinition | null;
  /** Words of the command that are no options. */
  names: string[];
};

function parseCommandLine(words: string[]): CommandLine {
  const line: CommandLine = { command: null, file: null, pendingOption: null, names: [] };
  for (const word of words) {
    if (line.pendingOption) {
      if (line.pendingOption.flags.includes('--file')) line.file = word;
      line.pendingOption = null;
    } else if (word.startsWith('-')) {
      line.pendingOption =
        optionsOf(line.command).find((option) => takesValue(option) && spellingsOf(option).includes(word)) ?? null;
    } else if (line.command) {
      line.names.push(word);
    } else {
      line.command = commands.find(({ name }) => name === word) ?? null;
    }
  }
  return line;
}

function candidatesAt(
  line: CommandLine,
  current: string,
  findFile: FindFile,
): Candidate[] | typeof COMPLETE_FILES | Promise<Candidate[]> {
  const { command, pendingOption: open, names } = line;
  if (open?.value?.kind === 'choice') return open.value.choices.map((text) => ({ text, about: '' }));
  if (open) return open.completes ? candidatesOfKind(open.completes, line, findFile) : [];
  if (current.startsWith('-')) return optionsOf(command).flatMap(optionCandidates);
  if (!command) return commandCandidates();
  const definition = command.arguments.at(Math.min(names.length, command.arguments.length - 1));
  if (!definition?.completes || (names.length > 0 && !definition.syntax.includes('...'))) return [];
  return candidatesOfKind(definition.completes, line, findFile);
}

function candidatesOfKind(
  kind: CompletionKind,
  line: CommandLine,
  findFile: FindFile,
): Candidate[] | typeof COMPLETE_FILES | Promise<Candidate[]> {
  const file = findFile(line.file);
  switch (kind) {
    case 'file':
      return COMPLETE_FILES;
    case 'shell':
      return ['bash', 'zsh', 'fish'].map((text) => ({ text, about: '' }));
    case 'command':
      return commandCandidates();
    case 'environment':
      return environmentCandidates(file);
    default:
      return nameCandidates(kind, line.names, file);
  }
}

async function nameCandidates(kind: 'name' | 'service' | 'size', taken: string[], file: string): Promise<Candidate[]> {
  const { services, instances }: KnownNames = await knownNames(file);
  const suffix = kind === 'size' ? '=' : '';
  const candidates = services.map((name) => ({ text: name + suffix, about: 'service' }));
  if (kind === 'name') candidates.push(...instances.map((id) => ({ text: id, about: 'instance' })));
  return candidates.filter(({ text }) => !taken.includes(text));
}

/** `procs.prod.yaml` → `prod`. */
function environmentCandidates(file: string): Candidate[] {
  try {
    const names = readdirSync(dirname(file)).map((name) => /^procs\.([a-z0-9_-]+)\.ya?ml$/.exec(name)?.[1]);
    return names.filter((name) => name !== undefined).map((text) => ({ text, about: 'environment' }));
  } catch {
    return []; // No such directory: nothing to offer.
  }
}

const commandCandidates = () =>
  commands.filter(({ hidden }) => !hidden).map(({ name, summary }) => ({ text: name, about: summary }));

const optionsOf = (command: CommandDefinition | null) =>
  command ? [...command.options, ...globalOptionsAfter(command)] : globalOptions;
const takesValue = ({ flags }: OptionDefinition) => flags.includes('<');
const spellingsOf = ({ flags }: OptionDefinition) => flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));
const optionCandidates = (option: OptionDefinition) =>
  spellingsOf(option)
    .filter((text) => text.startsWith('--'))
    .map((text) => ({ text, about: option.description }));
