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
  return text.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${MASK}@`);
}

/**
 * A source line as it may be shown: what follows `secret_key:` or `SECRET_KEY=` is masked, character by character, so
 * that columns stay. The character at `caretColumn` and before it stays where it is the key itself.
 */
export function maskLine(line: string, _caretColumn = 0): string {
  const masked = line.replace(
    /([A-Za-z_][\w.-]*)(["']?\s*[:=]\s*)([^\s,}\]#][^,}\]]*)/g,
    (whole, key, separator, value) =>
      isSecretKey(key) && !isReference(value) ? `${key}${separator}${'*'.repeat(value.length)}` : whole,
  );
  return masked.replace(/(:\/\/[^\s/:@]*:)([^\s/@]+)@/g, (_, before, word) => `${before}${'*'.repeat(word.length)}@`);
}

/** `${DB_PASSWORD}` names a secret and is none. */
const isReference = (value: string): boolean => /^["']?\$\{[A-Za-z_]\w*(:\?[^}]*)?\}["']?\s*$/.test(value);

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
