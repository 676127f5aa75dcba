// Selected lines of output as programs wrote them: to copy, or for a file.
import { stripSgr } from '../../terminal/sanitize.ts';
import { type BufferedLine, MAX_LINE_CHARS } from '../model/buffered-line.ts';
import type { SelectedText } from '../model/effects.ts';
import type { SelectedLines } from '../model/selected-lines.ts';

/** Without times, names, colours, and without a newline at the end. */
export function selectedText({ lines, hasGap }: SelectedLines): SelectedText {
  const cut = lines.filter(({ isCut }) => isCut).length;
  const notes = [
    ...(hasGap ? ['lines in between are missing'] : []),
    ...(cut === 0 ? [] : [`${countOf(cut)} cut at ${MAX_LINE_CHARS.toLocaleString('en-US')} characters`]),
  ];
  const text = lines.map(ownText).join('\n');
  return { text, lines: lines.length, note: notes.length === 0 ? '' : `; ${notes.join(', ')}` };
}

/** `1 line`, `1,200 lines` */
export function countOf(lines: number): string {
  return `${lines.toLocaleString('en-US')} ${lines === 1 ? 'line' : 'lines'}`;
}

const ownText = ({ tabbed, line }: BufferedLine): string => tabbed ?? stripSgr(line);
