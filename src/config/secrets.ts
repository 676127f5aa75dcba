// Which values are secret, by their key, and how they are masked. Pure; no Node module.
//
// A key is secret when one of its words is on the list below: words are parted by `_`, `-`, `.` and by the step from a
// lower-case to an upper-case letter. `DB_PASSWORD`, `apiKey`, `STRIPE_SECRET_KEY` and `DATABASE_URL` are secret,
// `MONKEY`, `KEYBOARD` and `TOKENIZER` are not.

const SECRET_WORDS = new Set(
  (
    'password passwords passwd passphrase pass pwd pw secret secrets token tokens key keys apikey accesskey privatekey ' +
    'secretkey credential credentials cred creds private auth authorization bearer cookie session signature salt ' +
    'certificate cert pem dsn jwt otp pin webhook'
  ).split(' '),
);
/** Whole names that carry a secret in practice: the user and password of a connection string. */
const SECRET_NAMES =
  /(^|_)(DATABASE|DB|REDIS|MONGO|MONGODB|POSTGRES|POSTGRESQL|MYSQL|AMQP|RABBITMQ|BROKER|SENTRY)_(URL|URI)$/i;

export const MASK = '***';

/** Does a variable or key of this name hold a secret? Case does not matter. */
export function isSecretKey(name: string): boolean {
  return SECRET_NAMES.test(name) || wordsOf(name).some((word) => SECRET_WORDS.has(word));
}

/** The same map with every secret value replaced by `***`; a password within a URL is masked too. */
export function maskEnv(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, maskValue(name, value)]));
}

export function maskValue(name: string, value: string): string {
  if (value === '') return value;
  return isSecretKey(name) ? MASK : maskUrls(value);
}

/** `postgres://user:pw@host` -> `postgres://user:***@host`, wherever it stands. */
export function maskUrls(text: string): string {
  return text.replace(/(:\/\/[^\s/:@]*):[^\s/@]+@/g, `$1:${MASK}@`);
}

/**
 * A source line as it may be shown: what follows `secret_key:` or `SECRET_KEY=` is masked, character by character, so
 * that columns stay; outside of `{ }` and `[ ]` to the end of the line. Linear in the length of the line.
 */
export function maskLine(line: string): string {
  const flowFrom = line.search(/[[{]/);
  const assignments =
    /(?<![\w.-]|\$\{)([A-Za-z_][\w.-]{0,200})(["']?\s{0,50}[:=]\s{0,50})("(?:[^"\\]|\\.)*"|'[^']*'|[^\s,{}[\]#][^,{}[\]]*)/g;
  let toEnd = -1;
  const masked = line.replace(assignments, (whole, key: string, separator: string, value: string, at: number) => {
    if (!isSecretKey(key) || isReference(value)) return whole;
    const start = at + key.length + separator.length;
    if (flowFrom === -1 || start < flowFrom) toEnd = toEnd === -1 ? start : toEnd;
    return `${key}${separator}${stars(value)}`;
  });
  const safe = toEnd === -1 ? masked : masked.slice(0, toEnd) + stars(masked.slice(toEnd));
  return safe.replace(/(:\/\/[^\s/:@]*:)([^\s/@]+)@/g, (_, before, word) => `${before}${'*'.repeat(word.length)}@`);
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
