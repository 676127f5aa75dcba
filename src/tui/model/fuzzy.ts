// How well typed letters fit a text: each word of the query occurs in it, whole or as letters in that order. Pure.

/** `cost`: the lower, the better. `at`: the places of the letters, for showing them. */
export type FuzzyMatch = { cost: number; at: number[] };

const NOT_AT_START = 2;
const SCATTERED = 10;
/** What a text begins with is what it is about. */
const NOT_FIRST = 0.5;

/** @returns null if a word of the query does not fit. */
export function fuzzyMatch(query: string, text: string): FuzzyMatch | null {
  const searched = text.toLowerCase();
  let cost = 0;
  const at: number[] = [];
  for (const word of query.toLowerCase().split(' ')) {
    if (word === '') continue;
    const found = matchWord(word, searched);
    if (found === null) return null;
    cost += found.cost;
    at.push(...found.at);
  }
  return { cost, at };
}

function matchWord(word: string, text: string): FuzzyMatch | null {
  let whole = -1;
  for (let from = text.indexOf(word); from !== -1; from = text.indexOf(word, from + 1)) {
    if (whole === -1 || isWordStart(text, from)) whole = from;
    if (isWordStart(text, from)) break;
  }
  if (whole !== -1) {
    const at = Array.from(word, (_, index) => whole + index);
    const isEnd = whole + word.length === text.length || text[whole + word.length] === ' ';
    const cost = (isWordStart(text, whole) ? 0 : NOT_AT_START) + (isEnd ? 0 : 1);
    return { cost: cost + (whole === 0 ? 0 : NOT_FIRST), at };
  }
  return matchLetters(word, text);
}

/** The best start for the letters one after the other: few jumps, and those to starts of words. */
function matchLetters(word: string, text: string): FuzzyMatch | null {
  let best: FuzzyMatch | null = null;
  for (let start = text.indexOf(word[0]!); start !== -1; start = text.indexOf(word[0]!, start + 1)) {
    const at = [start];
    let cost = SCATTERED + (isWordStart(text, start) ? 0 : NOT_AT_START);
    for (const letter of word.slice(1)) {
      const before = at.at(-1)!;
      const next = text.indexOf(letter, before + 1);
      if (next === -1) return best; // from a later start neither
      if (next !== before + 1) cost += isWordStart(text, next) ? 1 : NOT_AT_START;
      at.push(next);
    }
    if (best === null || cost < best.cost) best = { cost, at };
  }
  return best;
}

function isWordStart(text: string, index: number): boolean {
  return index === 0 || /[^a-z0-9]/.test(text[index - 1]!);
}
