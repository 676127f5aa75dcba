// A search as the user typed it, for lines, events and names. Pure.

/** null: matches everything. `isInverse`: what the expression does not find matches. */
export type SearchPattern = { expression: RegExp; isInverse: boolean } | null;

/**
 * A regular expression if it is valid, else the text itself. Case matters only when the text has upper case. A `!` in front
 * finds what does not match; alone it finds everything.
 */
export function searchPattern(text: string): SearchPattern {
  const isInverse = text.startsWith('!');
  const source = isInverse ? text.slice(1) : text;
  if (source === '') return null;
  const flags = /[A-Z]/.test(source.replace(/\\./g, '')) ? '' : 'i';
  try {
    return { expression: new RegExp(source, flags), isInverse };
  } catch {
    const literal = source.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'); // an unfinished expression, such as `(`
    return { expression: new RegExp(literal, flags), isInverse };
  }
}

/** What a search finds in any of these texts. */
export function isMatch(pattern: SearchPattern, ...texts: string[]): boolean {
  return pattern === null || texts.some((text) => pattern.expression.test(text)) !== pattern.isInverse;
}
