// Takes secrets out of what a program printed. Pure.

const MASK = '***';
/** Shorter ones are words that stand in any text. */
const SHORTEST = 4;

/**
 * @param text the end of an output: it may begin within a secret
 * @param secrets values; a longer one is masked line by line, as programs print it
 */
export function maskSecrets(text: string, secrets: readonly string[] = []): string {
  const words = secrets
    .flatMap((secret) => secret.split(/\r?\n/))
    .filter((word) => word.trim().length >= SHORTEST)
    .sort((a, b) => b.length - a.length);
  return words.reduce((left, word) => withoutEndOf(word, left).replaceAll(word, MASK), text);
}

/** What was cut off in front may have been the begin of the secret. */
function withoutEndOf(word: string, text: string): string {
  for (let length = word.length - 1; length >= SHORTEST; length--) {
    if (text.startsWith(word.slice(-length))) return MASK + text.slice(length);
  }
  return text;
}
