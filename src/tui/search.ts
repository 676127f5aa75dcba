// What is typed as a search, of lines, events or names: the same rules for all. Pure.

/** null: everything. */
export type Pattern = RegExp | null;

/** What the user typed as a search: a regular expression where it is one, else the text itself; case matters only when
 * the user typed upper case. */
export function searchPattern(text: string): Pattern {
  if (text === '') return null;
  const flags = /[A-Z]/.test(text) ? '' : 'i';
  try {
    return new RegExp(text, flags);
  } catch {
    return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), flags); // an unfinished expression, such as `(`
  }
}
