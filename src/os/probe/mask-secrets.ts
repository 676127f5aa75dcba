// Hides the values of secrets in text that a program printed. Pure.

const MASK = '***';
/** Shorter secrets would match ordinary words. */
const SHORTEST_SECRET = 4;

/**
 * Replaces secrets in the output of a program. Pure.
 * @param text the end of an output: it may begin within a secret
 * @param secrets values; a longer one is masked line by line, as programs print it
 */
export function maskSecrets(text: string, secrets: readonly string[] = []): string {
  return wordsOf(secrets).reduce((left, word) => maskCutSecret(word, left).replaceAll(word, MASK), text);
}

/** As `maskSecrets`, for a text that is whole. */
export function maskWholeSecrets(text: string, secrets: readonly string[]): string {
  return wordsOf(secrets).reduce((left, word) => left.replaceAll(word, MASK), text);
}

/** The longest first. */
function wordsOf(secrets: readonly string[]): string[] {
  return secrets
    .flatMap((secret) => secret.split(/\r?\n/))
    .filter((word) => word.trim().length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
}

/** The text may begin with the end of a secret whose start was cut off. */
function maskCutSecret(word: string, text: string): string {
  for (let length = word.length - 1; length >= SHORTEST_SECRET; length--) {
    if (text.startsWith(word.slice(-length))) return MASK + text.slice(length);
  }
  return text;
}
