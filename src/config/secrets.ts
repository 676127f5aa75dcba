// Which values are secret, by their key, and how they are masked. Pure; no Node module.
//
// A key is secret when one of its words is on the list below, or ends with one of the long ones: words are parted by `_`,
// `-`, `.` and by the step from a lower-case to an upper-case letter. `DB_PASSWORD`, `PGPASSWORD`, `apiKey`,
// `STRIPE_SECRET_KEY` and `DATABASE_URL` are secret, `MONKEY`, `KEYBOARD` and `TOKENIZER` are not.

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

/** The maps whose keys are names of the user's, with a text each: variables and headers. */
export const isNamesMap = (key: string): boolean => key === 'env' || key === 'headers';

/** The same map with every secret value replaced by `***`; a password within a URL is masked too. */
export function maskEnv(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, maskValue(name, value)]));
}

export function maskValue(name: string, value: string): string {
  if (value === '') return value;
  return isSecretKey(name) ? MASK : maskUrls(value);
}

/** `postgres://user:pw@host` -> `postgres://user:***@host`, wherever it stands. The host begins after the last `@`. */
export function maskUrls(text: string): string {
  return text.replace(/(:\/\/[^\s/:]*):[^\s/]+@/g, `$1:${MASK}@`);
}

const ASSIGNMENT =
  /(?<![\w.]|[\w.]-|\$\{)(\w[\w.-]{0,200})(["']?\s{0,50}[:=]\s{0,50})(\$\{[^}]*\}|"(?:[^"\\]|\\.)*"[^,}\]]*|'[^']*'[^,}\]]*|[[{"'].*$|[^\s,{}[\]#][^,{}[\]]*)/g;

/**
 * A source line as it may be shown: what follows `secret_key:` or `SECRET_KEY=` is masked, character by character, so
 * that columns stay; outside of `{ }` and `[ ]`, and where a quote or bracket stays open, to the end of the line.
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
    pieces.push(line.slice(done, from), stars(value));
    done = to;
  }
  const masked = pieces.join('') + line.slice(done);
  const safe = masked.slice(0, toEnd) + stars(masked.slice(toEnd));
  return safe.replace(/(:\/\/[^\s/:]*:)([^\s/]+)@/g, (_, before, word) => `${before}${'*'.repeat(word.length)}@`);
}

/** `key: value` and `KEY=value` in a line; the value of what is no secret key may hold further ones. */
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

const stars = (text: string): string => '*'.repeat(text.trimEnd().length) + text.slice(text.trimEnd().length);

/** `${DB_PASSWORD}` names a secret and is none. */
const isReference = (value: string): boolean => /^["']?\$\{[A-Za-z_]\w*(:\?[^}]*)?\}["']?\s*$/.test(value);

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
