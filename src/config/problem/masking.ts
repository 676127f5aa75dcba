// Which values are secret, by their key, and how they are masked. Pure, no Node module.
//
// A key is secret when one of its words is in the list below, or ends with one of the long ones: words are separated by `_`,
// `-`, `.` and by the step from a lower-case to an upper-case letter. `DB_PASSWORD`, `PGPASSWORD`, `apiKey`,
// `STRIPE_SECRET_KEY` and `DATABASE_URL` are secret, `MONKEY`, `KEYBOARD` and `TOKENIZER` are not.
import type { SourceFile } from './source-file.ts';

const SECRET_WORDS = new Set(
  (
    'password passwords passwd passphrase pass pwd pw secret secrets token tokens key keys apikey accesskey privatekey ' +
    'secretkey credential credentials cred creds private auth authorization bearer cookie session signature salt ' +
    'certificate cert pem dsn jwt otp pin webhook'
  ).split(' '),
);
const SECRET_ENDING = /(password|passwd|passphrase|pgpass|secret|token|credentials?|apikey)$/;
/** Whole names that carry a secret in practice: the user and password of a connection string. */
const SECRET_NAMES =
  /(^|_)(DATABASE|DB|REDIS|MONGO|MONGODB|POSTGRES|POSTGRESQL|MYSQL|AMQP|RABBITMQ|BROKER|SENTRY)_(URL|URI)$/i;

export const MASK = '***';
/** Longer texts are cut before `maskLine`, which may look at each rest of a line once more. */
export const MAX_MASKED_CHARACTERS = 4000;

/** Does a variable or key of this name hold a secret? Case does not matter. */
export function isSecretKey(name: string): boolean {
  return SECRET_NAMES.test(name) || wordsOf(name).some((word) => SECRET_WORDS.has(word) || SECRET_ENDING.test(word));
}

/** Maps whose keys the user chooses, with a string each: variables and headers. */
export const isNamesMap = (key: string): boolean => ['env', 'headers', 'vars'].includes(key);

export function maskValue(name: string, value: string): string {
  if (value === '') return value;
  return isSecretKey(name) ? MASK : maskUrls(value);
}

/** `postgres://user:pw@host` -> `postgres://user:***@host`, anywhere in the text. The host begins after the last `@`. */
export function maskUrls(text: string): string {
  return text.replace(/(:\/\/[^\s/:]*):[^\s/]+@/g, `$1:${MASK}@`);
}

const ASSIGNMENT =
  /(?<![\w.]|[\w.]-|\$\{)(\w[\w.-]{0,200})(["']?\s{0,50}[:=]\s{0,50})(\$\{[^}]*\}|"(?:[^"\\]|\\.)*"[^,}\]]*|'[^']*'[^,}\]]*|[[{"'].*$|[^\s,{}[\]#][^,{}[\]]*)/g;

/**
 * A source line without its secrets: the value after `secret_key:` or `SECRET_KEY=` is masked, character by character, so
 * that columns stay. Outside of `{ }` and `[ ]`, and with an unclosed quote or bracket, to the end of the line.
 * At most quadratic in the length of the line.
 */
export function maskLine(line: string): string {
  const flowFrom = line.search(/[[{]/);
  let toEnd = startOfBareSecret(line);
  const pieces: string[] = [];
  let done = 0;
  for (const { key, from, to } of assignments(line)) {
    const value = line.slice(from, to);
    if (!isSecretKey(key) || isReference(value)) continue;
    if (flowFrom === -1 || from < flowFrom) toEnd = Math.min(toEnd, from);
    pieces.push(line.slice(done, from), maskCharacters(value));
    done = to;
  }
  const masked = pieces.join('') + line.slice(done);
  const safe = masked.slice(0, toEnd) + maskCharacters(masked.slice(toEnd));
  return safe.replace(/(:\/\/[^\s/:]*:)([^\s/]+)@/g, (_, before, word) => `${before}${'*'.repeat(word.length)}@`);
}

/** `key: value` and `KEY=value` in a line; the value of a key that is not secret may contain further ones. */
function* assignments(line: string): Generator<{ key: string; from: number; to: number }> {
  ASSIGNMENT.lastIndex = 0;
  for (let match = ASSIGNMENT.exec(line); match; match = ASSIGNMENT.exec(line)) {
    const [, key, separator, value] = match as unknown as [string, string, string, string];
    const from = match.index + key.length + separator.length;
    const next = isSecretKey(key) ? from + value.length : from;
    yield { key, from, to: from + value.length };
    ASSIGNMENT.lastIndex = next;
  }
}

/** `DB_PASSWORD hunter2`, where the `:` was forgotten. */
function startOfBareSecret(line: string): number {
  const match = /^[\s-]{0,200}([A-Za-z_][\w.-]{0,200})\s+(?=[^\s:=])/.exec(line);
  return match && isSecretKey(match[1]!) ? match[0].length : line.length;
}

const maskCharacters = (text: string): string => '*'.repeat(text.trimEnd().length) + text.slice(text.trimEnd().length);

/** `${DB_PASSWORD}` names a secret, but does not contain one. */
const isReference = (value: string): boolean => /^["']?\$\{[A-Za-z_]\w*(:\?[^}]*)?\}["']?\s*$/.test(value);

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/**
 * The secret key that the lines below it belong to: the text of a block or of a quote after `TLS_KEY: |`, including lines with
 * wrong indentation. Judged by the lines alone, because no parser may understand the text.
 */
type OpenSecret = { key: string; indent: number; reach: 'texts' | 'deeper' | 'block' };

const KEY_LINE = /^([ \t]*(?:-[ \t]+)*)(["']?)([A-Za-z_][\w.-]*)\2[ \t]*:(?:[ \t]+(.*))?$/;
const CLOSED_QUOTE = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*(#.*)?$/;

const secretLinesByFile = new WeakMap<SourceFile, Map<number, string>>();

/** @param line from 1. @returns the secret key above that the line may belong to, or null. */
export function secretKeyAbove(source: SourceFile, line: number): string | null {
  if (line === 1) return null;
  const lines = secretLinesByFile.get(source) ?? findSecretLines(source.text);
  secretLinesByFile.set(source, lines);
  return lines.get(line) ?? null;
}

function findSecretLines(text: string): Map<number, string> {
  const found = new Map<number, string>();
  let open: OpenSecret | null = null;
  /** The key above a text in PEM, which may have lines such as `Proc-Type: 4,ENCRYPTED`. */
  let pem: string | null = null;
  let last = '';
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line.trim() === '') continue;
    if (pem !== null) found.set(index + 1, pem);
    else if (open && isPartOf(open, line)) found.set(index + 1, open.key);
    else open = openSecretAt(line, open);
    last = found.get(index + 1) ?? KEY_LINE.exec(line)?.[3] ?? last;
    if (line.includes('-----END ')) pem = null;
    else if (line.includes('-----BEGIN ')) pem = last;
  }
  return found;
}

/** Every deeper line belongs to a block, and every line without `key:`, whose indentation is wrong. */
function isPartOf({ indent, reach }: OpenSecret, line: string): boolean {
  const isDeeper = line.search(/\S/) > indent;
  if (reach === 'block' && isDeeper) return true;
  return !KEY_LINE.test(line) && (isDeeper || reach === 'block');
}

function openSecretAt(line: string, open: OpenSecret | null): OpenSecret | null {
  const match = KEY_LINE.exec(line);
  if (!match) return open;
  const [, before, , key, rest] = match as unknown as [string, string, string, string, string | undefined];
  if (!isSecretKey(key)) return null;
  const value = (rest ?? '').replace(/^([&!]\S*\s+)+/, '');
  return { key, indent: before.length, reach: reachOf(value) };
}

function reachOf(value: string): OpenSecret['reach'] {
  if (value === '' || value.startsWith('#')) return 'texts';
  const isOpen = /^[|>[{]/.test(value) || (/^["']/.test(value) && !CLOSED_QUOTE.test(value));
  return isOpen ? 'block' : 'deeper';
}
