// The output on screen as plain text, for the normal screen, where the terminal's own selection works. Pure.
import { formatClock } from './format.ts';
import type { LogView } from './log-ring.ts';
import { outputTarget } from './output-target.ts';
import { withoutSgr } from './sanitize.ts';
import { searchPattern } from './search.ts';
import type { UiState } from './state.ts';
import type { Glyphs } from './theme.ts';

const MOST_LINES = 1000;

/** What the pane shows, further back than it reaches, without colours, and how to come back. No newline at the end. */
export function plainOutput(state: UiState, log: LogView, glyphs: Glyphs): string {
  const target = outputTarget(state);
  const lines = log.window(state.logBottom, MOST_LINES, searchPattern(state.lineFilter)).map((kept) => {
    const time = state.showTimes ? `${formatClock(kept.timeMs, true)} ` : '';
    const name = target.isMixed ? `${kept.instance} ` : '';
    return `${time}${name}${withoutSgr(kept.line)}`;
  });
  const rule = glyphs.rule.repeat(2);
  const end = `${rule} ${lines.length} lines of ${target.title}; any key comes back ${rule}`;
  return [`${rule} ${target.title} ${rule}`, ...lines, end].join('\n');
}
