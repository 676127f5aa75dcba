// A folded pool at a glance: one glyph for each instance, its state by shape and colour; counts where they do not fit.
import type { InstanceState } from '../../api/protocol.ts';
import { widthOf } from '../../terminal/width.ts';
import { instancesOf, type TableRow } from '../model/rows.ts';
import { SEVERITY } from '../model/severity.ts';
import { type Cell, cell, type Line } from './line.ts';
import { type Glyphs, STATE_STYLE } from './theme.ts';

/** In the order of the instances, neighbours of one state in one cell. @returns empty if `room` is too narrow even for counts */
export function poolDots(row: TableRow, room: number, glyphs: Glyphs): Line {
  const states = instancesOf(row).map(({ state }) => state);
  return states.length <= room ? runsOf(states, glyphs) : countsOf(states, room, glyphs);
}

function runsOf(states: readonly InstanceState[], glyphs: Glyphs): Cell[] {
  const runs: Cell[] = [];
  for (const state of states) {
    const last = runs.at(-1);
    const glyph = glyphs.state[state];
    if (last?.text.startsWith(glyph)) last.text += glyph;
    else runs.push({ text: glyph, style: STATE_STYLE[state] });
  }
  return runs;
}

/** `✗1 ◐2 ●47`: the worst first. */
function countsOf(states: readonly InstanceState[], room: number, glyphs: Glyphs): Cell[] {
  const shown: Cell[] = [];
  let left = room;
  for (const state of SEVERITY) {
    const count = states.filter((each) => each === state).length;
    if (count === 0) continue;
    const text = `${shown.length === 0 ? '' : ' '}${glyphs.state[state]}${count}`;
    left -= widthOf(text);
    if (left < 0) return [];
    shown.push(cell(text, STATE_STYLE[state]));
  }
  return shown;
}
