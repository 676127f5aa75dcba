// The output as plain text: to copy from the normal screen, for a file, for a pager.
import { stripSgr } from '../../terminal/sanitize.ts';
import { formatClock } from '../../units.ts';
import type { BufferedLine } from '../model/buffered-line.ts';
import type { LogView } from '../model/log-ring.ts';
import { type OutputTarget, outputTarget } from '../model/rows.ts';
import { searchPattern } from '../model/search-pattern.ts';
import type { UiState } from '../model/state.ts';
import type { Glyphs } from './theme.ts';

const MAX_COPIED_LINES = 1000;

/**
 * The output as plain text for the normal screen, where the terminal's own selection works: more lines than the pane shows,
 * then how to return. No newline at the end.
 */
export function plainOutput(state: UiState, log: LogView, glyphs: Glyphs): string {
  const target = outputTarget(state);
  const lines = log
    .window(state.logBottom, MAX_COPIED_LINES, searchPattern(state.lineFilter))
    .map((entry) => plainLine(entry, target, state.showTimes ? `${formatClock(entry.timeMs, { ms: true })} ` : ''));
  const rule = glyphs.rule.repeat(2);
  const end = `${rule} ${lines.length} lines of ${target.title}; press any key to return ${rule}`;
  return [`${rule} ${target.title} ${rule}`, ...lines, end].join('\n');
}

/** All lines that were read so far and pass the filters, with date and time; `atLine`: the lowest on screen, from 1. */
export function outputText(state: UiState, log: LogView): { text: string; lines: number; atLine: number } {
  const target = outputTarget(state);
  const pattern = searchPattern(state.lineFilter);
  const shown = log.window(null, log.size, pattern);
  const texts = shown.map((entry) => {
    const time = state.showTimes ? `${formatClock(entry.timeMs, { date: true, ms: true })} ` : '';
    return `${plainLine(entry, target, time)}\n`;
  });
  const { logBottom } = state;
  const below = logBottom === null ? 0 : shown.filter(({ seq }) => seq > logBottom).length;
  return { text: texts.join(''), lines: shown.length, atLine: Math.max(1, shown.length - below) };
}

function plainLine({ instance, source, line }: BufferedLine, { isMixed }: OutputTarget, time: string): string {
  return `${time}${isMixed ? `${instance} ` : ''}${source ? `${source} ` : ''}${stripSgr(line)}`;
}
