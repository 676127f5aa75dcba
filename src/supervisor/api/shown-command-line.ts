// The command line of a process as it may be shown: without the values of its secret variables and of options such as
// `--password`.
import { isSecretKey, MASK, maskUrls } from '../../config/problem/masking.ts';
import { maskWholeSecrets } from '../../os/probe/mask-secrets.ts';
import { variablesOf } from '../../os/process/shown-by-proc.ts';

const MAX_CHARACTERS = 1_000;
const MAX_WORDS = 200;
const OPTION = /^--?([A-Za-z][\w.-]*)$/;
/** `NAME=value`, `--name=value` and `--name value`, as in the word after `sh -c`. */
const ASSIGNMENT =
  /([A-Za-z_][\w.-]*)=("[^"]*"|'[^']*'|[^\s;]+)|(--?)([A-Za-z][\w.-]*)(\s+)("[^"]*"|'[^']*'|[^-\s;][^\s;]*)/g;

/** @param secretNames variables of the process that are declared as secrets; others are known by their names */
export function shownCommandLine(pid: number, words: readonly string[], secretNames: readonly string[]): string {
  const isSecret = (name: string): boolean => secretNames.includes(name) || isSecretKey(name);
  const values = variablesOf(pid).flatMap(([name, value]) => (isSecret(name) ? [value] : []));
  return maskCommandLine(words, values);
}

/**
 * `psql --password hunter2` -> `psql --password ***`.
 * @param secrets values that are masked anywhere
 */
export function maskCommandLine(words: readonly string[], secrets: readonly string[]): string {
  const shown = words.slice(0, MAX_WORDS).map((word, index) => maskWord(word, words[index - 1] ?? '', secrets));
  return cut(shown.join(' '));
}

function maskWord(word: string, before: string, secrets: readonly string[]): string {
  const option = OPTION.exec(before)?.[1];
  if (option !== undefined && isSecretKey(option) && !word.startsWith('-')) return MASK;
  return cut(maskWholeSecrets(maskUrls(word), secrets)).replace(ASSIGNMENT, (whole, ...groups: string[]) => {
    const [name, , dashes, longName, blanks] = groups;
    if (name !== undefined) return isSecretKey(name) ? `${name}=${MASK}` : whole;
    return isSecretKey(longName!) ? `${dashes}${longName}${blanks}${MASK}` : whole;
  });
}

const cut = (text: string): string => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text);
