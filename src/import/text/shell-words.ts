// A command line -> its words and the operators between them, by the rules of quoting of sh(1). Expands nothing. Pure.

export type ShellWord = { text: string; start: number; end: number; isOperator: boolean };

/**
 * @param operators false: `;`, `&&`, `|`, `>` are ordinary characters, as for programs that split words without a shell
 * @returns null when a quote is not closed
 */
export function splitWords(line: string, operators = false): ShellWord[] | null {
  const words: ShellWord[] = [];
  let at = 0;
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at++;
      continue;
    }
    const operator = operators ? /^(&&|\|\||;;|[;&|<>()]+)/.exec(line.slice(at))?.[0] : undefined;
    if (operator !== undefined) {
      words.push({ text: operator, start: at, end: at + operator.length, isOperator: true });
      at += operator.length;
      continue;
    }
    const word = readWord(line, at, operators);
    if (word === null) return null;
    words.push(word);
    at = word.end;
  }
  return words;
}

/** The texts alone; a line with an open quote is split at blanks. */
export function wordsOf(line: string): string[] {
  return splitWords(line)?.map(({ text }) => text) ?? line.split(/\s+/).filter((word) => word !== '');
}

function readWord(line: string, start: number, operators: boolean): ShellWord | null {
  let text = '';
  let at = start;
  while (at < line.length) {
    const character = line[at]!;
    if (/\s/.test(character) || (operators && /[;&|<>()]/.test(character))) break;
    if (character === "'") {
      const end = line.indexOf("'", at + 1);
      if (end === -1) return null;
      text += line.slice(at + 1, end);
      at = end + 1;
    } else if (character === '"') {
      const quoted = readDoubleQuoted(line, at + 1);
      if (quoted === null) return null;
      text += quoted.text;
      at = quoted.end;
    } else if (character === '\\' && at + 1 < line.length) {
      text += line[at + 1];
      at += 2;
    } else {
      text += character;
      at++;
    }
  }
  return { text, start, end: at, isOperator: false };
}

function readDoubleQuoted(line: string, start: number): { text: string; end: number } | null {
  let text = '';
  for (let at = start; at < line.length; at++) {
    const character = line[at]!;
    if (character === '"') return { text, end: at + 1 };
    if (character === '\\' && /["\\$`\n]/.test(line[at + 1] ?? '')) {
      text += line[at + 1];
      at++;
    } else text += character;
  }
  return null;
}

/** A word as the shell reads it back. */
export const quoteWord = (text: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
