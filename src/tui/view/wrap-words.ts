// Text over several lines.
import { stripSequences } from '../../terminal/sanitize.ts';
import { wrap } from '../../terminal/width.ts';

/** Breaks at blanks if possible; a word that is too long is cut. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of stripSequences(text)
    .split(' ')
    .flatMap((each) => wrap(each, Math.max(1, width), 50))) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else {
      current = current === '' ? word : `${current} ${word}`;
    }
  }
  return [...lines, current];
}
