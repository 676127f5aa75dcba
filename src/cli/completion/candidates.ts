// What completion offers at the cursor: commands, options, their values, names. It reads the definitions of the commands.
import { readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EXPORT_TOOLS } from '../../export/export-tools.ts';
import { discoverFile } from '../context/context.ts';
import {
  type CommandDefinition,
  type CompletionKind,
  globalOptions,
  globalOptionsAfter,
  type OptionDefinition,
  shells,
  spellingsOf,
  takesValue,
} from '../context/definition.ts';
import { knownNames } from './known-names.ts';

/** `text` would be inserted into the line; `about` is a description for shells that show one. */
export type Candidate = { text: string; about: string };
/** The shell completes file names by itself. */
export const COMPLETE_FILES = 'files';
type Candidates = Candidate[] | typeof COMPLETE_FILES;

/**
 * @param words the line up to the cursor, without the program's name; the last one is being typed and may be ''.
 */
export async function candidatesFor(words: string[], commands: CommandDefinition[], cwd: string): Promise<Candidates> {
  const current = words.at(-1) ?? '';
  const line = parseCommandLine(words.slice(0, -1), commands);
  const offered = await candidatesAt(line, current, commands, cwd);
  return offered === COMPLETE_FILES ? COMPLETE_FILES : offered.filter(({ text }) => text.startsWith(current));
}

type CommandLine = {
  command: CommandDefinition | null;
  file: string | null;
  /** The option whose value comes next. */
  pendingOption: OptionDefinition | null;
  /** Words of the command that are not options. */
  names: string[];
};

function parseCommandLine(words: string[], commands: CommandDefinition[]): CommandLine {
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
  { command, file, pendingOption, names }: CommandLine,
  current: string,
  commands: CommandDefinition[],
  cwd: string,
): Candidates | Promise<Candidates> {
  const path = file === null ? discoverFile(cwd) : resolve(cwd, file);
  if (pendingOption?.value?.kind === 'choice') return describeAll(pendingOption.value.choices, '');
  if (pendingOption?.completes === 'environment') return environmentCandidates(path, current);
  if (pendingOption) return pendingOption.completes ? candidatesOfKind(pendingOption.completes, names, path) : [];
  if (current.startsWith('-')) return optionsOf(command).flatMap(optionCandidates);
  if (!command) {
    return commands.filter(({ hidden }) => !hidden).map(({ name, summary }) => ({ text: name, about: summary }));
  }
  const argument = command.arguments.at(Math.min(names.length, command.arguments.length - 1));
  const isFull = names.length >= command.arguments.length && !argument?.syntax.includes('...');
  if (!argument?.completes || isFull) return [];
  return candidatesOfKind(argument.completes, names, path);
}

/** @param taken names that are already in the line */
async function candidatesOfKind(kind: CompletionKind, taken: string[], file: string): Promise<Candidates> {
  switch (kind) {
    case 'file':
      return COMPLETE_FILES;
    case 'shell':
      return describeAll(shells, '');
    case 'export':
      return describeAll(EXPORT_TOOLS, '');
    case 'environment':
      return environmentCandidates(file, '');
    default:
      return nameCandidates(kind, taken, file);
  }
}

const describeAll = (texts: readonly string[], about: string): Candidate[] => texts.map((text) => ({ text, about }));

async function nameCandidates(kind: 'name' | 'service' | 'size', taken: string[], file: string): Promise<Candidate[]> {
  const { services, instances, tags } = await knownNames(file);
  const suffix = kind === 'size' ? '=' : '';
  return [
    ...services.map((name) => ({ text: name + suffix, about: 'service' })),
    ...describeAll(kind === 'name' ? instances : [], 'instance'),
    ...tags.map((tag) => ({ text: `tag:${tag}${suffix}`, about: 'tag' })),
  ].filter(({ text }) => !taken.includes(text));
}

/** Each after those that are written already: `dev,` → `dev,local`. */
function environmentCandidates(file: string, current: string): Candidate[] {
  const before = current.slice(0, current.lastIndexOf(',') + 1);
  const taken = before.split(',');
  const names = environmentNames(file).filter((name) => !taken.includes(name));
  return describeAll(
    names.map((name) => before + name),
    'environment',
  );
}

/** `procs.prod.yaml` → `prod`. */
function environmentNames(file: string): string[] {
  try {
    return readdirSync(dirname(file)).flatMap((name) => /^procs\.([a-z0-9_-]+)\.ya?ml$/.exec(name)?.[1] ?? []);
  } catch {
    return []; // the directory does not exist
  }
}

const optionsOf = (command: CommandDefinition | null) =>
  command ? [...command.options, ...globalOptionsAfter(command)] : globalOptions;
const optionCandidates = (option: OptionDefinition) =>
  describeAll(
    spellingsOf(option).filter((text) => text.startsWith('--')),
    option.description,
  );
