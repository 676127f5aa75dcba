// The output as plain text: to copy from the normal screen, for a file, for a pager.
import type { LogPlace } from '../../logs/reader/log-history.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import { sanitizeLine, stripSgr } from '../../terminal/sanitize.ts';
import { formatClock } from '../../units.ts';
import { isStored } from '../model/buffered-line.ts';
import type { LogView } from '../model/log-ring.ts';
import type { OutputForm } from '../model/output-form.ts';
import { isUserMark } from '../model/output-marks.ts';
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

/** As a file has it: with date and time, whole lines without colours. */
export function outputForm(state: UiState, log: LogView, nowMs: number): OutputForm {
  const target = outputTarget(state);
  const textOf = (line: LogLine) => {
    const time = state.showTimes ? `${formatClock(line.timeMs, { date: true, ms: true })} ` : '';
    return `${plainLine({ ...line, line: sanitizeLine(line.line, false) }, target, time)}\n`;
  };
  return { textOf, marks: state.marks, untilMs: nowMs, bottom: state.logBottom === null ? null : bottomOf(state, log) };
}

function bottomOf(state: UiState, log: LogView): LogPlace | null {
  const above = log.window(state.logBottom, log.size, searchPattern(state.lineFilter)).filter(isStored);
  const timeMs = above.at(-1)?.timeMs;
  if (timeMs === undefined) return null;
  return { timeMs, same: above.filter((line) => line.timeMs === timeMs && !isUserMark(line)).length };
}

function plainLine({ instance, source, line }: LogLine, { isMixed }: OutputTarget, time: string): string {
  return `${time}${isMixed ? `${instance} ` : ''}${source ? `${source} ` : ''}${stripSgr(line)}`;
}
