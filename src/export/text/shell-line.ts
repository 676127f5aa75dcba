// A program as one line for sh(1): its directory, its variables and what it reads from files first, then the program itself
// with `exec`, so that it gets the signals. Pure.
import type { Command, SecretSource } from '../../core/spec.ts';
import { quoteWord, splitWords } from '../../import/text/shell-words.ts';
import { fillText, type InstanceWords } from './instance-text.ts';

export type ShellSteps = {
  directory?: string;
  /** Read by the shell. */
  files?: string[];
  unset?: string[];
  /** Set before the others, which may use them: the shell expands all words of an `export` first. */
  numbers?: [name: string, value: string][];
  /** Values as the shell reads them. */
  exports?: [name: string, value: string][];
  /** Run before the program, which starts only if it succeeds. */
  before?: Command | null;
};

/** A word for sh that holds no line break. */
export function shellWord(text: string): string {
  if (!/[\r\n]/.test(text)) return quoteWord(text);
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `"$(printf %b ${quoteWord(escaped)})"`;
}

export function shellLine(command: Command, words: InstanceWords, steps: ShellSteps = {}): string {
  const before = [
    ...(steps.directory === undefined ? [] : [`cd ${shellWord(steps.directory)}`]),
    ...(steps.files?.length ? ['set -a', ...steps.files.map((file) => `. ${shellWord(file)}`), 'set +a'] : []),
    ...(steps.unset?.length ? [`unset ${steps.unset.join(' ')}`] : []),
    ...[steps.numbers, steps.exports].flatMap((pairs) => exportText(pairs ?? [])),
    ...(steps.before ? [stepText(steps.before, words)] : []),
  ];
  const program = programText(command, words);
  if (before.length === 0) return program;
  const isSimple = command.kind === 'argv' || isSimpleLine(command.line);
  const last = isSimple ? program : `sh -c ${shellWord((command as { line: string }).line)}`;
  return `${before.join(' && ')} && exec ${last}`;
}

/** A line of several programs in a shell of its own. */
const stepText = (command: Command, words: InstanceWords): string =>
  command.kind === 'shell' && !isSimpleLine(command.line.trim())
    ? `sh -c ${shellWord(command.line.trim())}`
    : programText(command, words);

const exportText = (pairs: [name: string, value: string][]): string[] =>
  pairs.length === 0 ? [] : [`export ${pairs.map((pair) => pair.join('=')).join(' ')}`];

function programText(command: Command, words: InstanceWords): string {
  if (command.kind === 'argv') return command.argv.map((word) => fillText(word, words, shellWord)).join(' ');
  const line = command.line.trim();
  return /[\r\n]/.test(line) ? `sh -c ${shellWord(line)}` : line;
}

const SHELL_WORD = /^(?:cd|export|set|unset|exec|trap|ulimit|umask|\.|source|eval|if|while|for|until|case|wait|!|\{)$/;

/** One program with its arguments, which `exec` can start. */
export function isSimpleLine(line: string): boolean {
  const split = /[\r\n`#]|\$\(/.test(line) ? null : splitWords(line, true);
  const first = split?.[0]?.text ?? '=';
  return (
    split !== null && !split.some(({ isOperator }) => isOperator) && !first.includes('=') && !SHELL_WORD.test(first)
  );
}

/** The variables of those secrets that the shell can read, each with what reads it. */
export const secretExports = (secrets: readonly [name: string, source: SecretSource][]): [string, string][] =>
  secrets.flatMap(([name, source]): [string, string][] => {
    const text = secretText(source);
    return text === null ? [] : [[name, text]];
  });

/** What the shell reads a secret with; null: it cannot. */
function secretText(source: SecretSource): string | null {
  if (typeof source === 'string') return `"$(cat ${fillText(source, {}, shellWord)})"`;
  switch (source.kind) {
    case 'variable':
      return `"$${source.name}"`;
    case 'command':
      return `"$(${programText(source.command, {})})"`;
    case 'sops':
    case 'age':
      return null;
  }
}
