// Names, specifiers and command lines of systemd. Pure.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { posix } from 'node:path';
import { quoteWord, wordsOf } from '../text/shell-words.ts';
import { literal } from '../text/variables.ts';

/** `shop-api@.service` -> `shop-api`. */
export const unitName = (unit: string): string =>
  unit.replace(/\.(service|socket|timer|target|path)$/, '').replace(/@.*$/, '');

/** `shop@1.service` -> `1`; '' for others. */
export const instanceOf = (unit: string): string => /@([^.]*)\./.exec(unit)?.[1] ?? '';

export type Specified = { text: string; lost: string | null };

/** `%n`, `%i`, `%h` and the like. A template such as `shop@.service` becomes a pool, with the number of an instance for `%i`. */
export function specifierOf(file: string): (text: string) => Specified {
  const unit = posix.basename(file);
  const own = instanceOf(unit);
  return (text) => {
    let lost: string | null = null;
    const values: Record<string, string> = {
      n: unit,
      N: unitName(unit),
      p: unitName(unit),
      i: own || '${ORCH_INSTANCE}',
      I: own || '${ORCH_INSTANCE}',
      j: own || '${ORCH_INSTANCE}',
      u: '${USER}',
      h: '${HOME}',
      H: '${HOSTNAME:-localhost}',
      l: '${HOSTNAME:-localhost}',
      t: '${XDG_RUNTIME_DIR:-/run}',
      T: '/tmp',
      V: '/var/tmp',
      S: '/var/lib',
      C: '/var/cache',
      L: '/var/log',
      E: '/etc',
    };
    const replaced = text.replace(/%(.)/g, (whole, letter: string) => {
      if (letter === '%') return '%';
      const value = values[letter];
      if (value === undefined) lost = `${whole} is left as it is`;
      return value ?? whole;
    });
    return { text: replaced, lost };
  };
}

export type ExecLine = {
  command: string | string[];
  /** `-`: a failure does not count. */
  isOptional: boolean;
};

/** A line with variables is for the shell, which knows those of the unit; others are run as they are. */
export function toExecLine(line: string): ExecLine {
  const [, prefix = '', rest = ''] = /^([-@:+!|]*)(.*)$/s.exec(line.trim()) ?? [];
  const words = wordsOf(rest.trim());
  // After `@` the second word is the name that the program sees.
  if (prefix.includes('@')) words.splice(1, 1);
  const isOptional = prefix.includes('-');
  const usesVariables = /\$(?!\$)\{?\w/.test(rest) && !prefix.includes(':');
  if (!usesVariables) return { command: words.map((word) => literal(word.replaceAll('$$', '$'))), isOptional };
  return { command: words.map(quoteKept).join(' '), isOptional };
}

/** `${NAME}` is one word for systemd, and `$NAME` may be several. */
const quoteKept = (word: string): string => {
  if (!word.includes('$')) return quoteWord(word);
  if (/^\$\w+$/.test(word)) return word;
  return `"${word.replaceAll('$$', '\\$').replaceAll('"', '\\"')}"`;
};

/** Several lines one after the other, as one for the shell. */
export function joinLines(lines: ExecLine[]): string {
  return lines
    .map(({ command, isOptional }) => {
      const text =
        typeof command === 'string' ? command : command.map((word) => quoteWord(word.replaceAll('$$', '$'))).join(' ');
      return isOptional ? `{ ${text} || true; }` : text;
    })
    .join(' && ');
}
