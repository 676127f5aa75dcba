// The colour of a state and of an instance, the same in every command. States have those of the view.
import type { InstanceState } from '../../api/protocol.ts';
import type { Colour } from '../../terminal/colour.ts';
import type { CellStyle } from '../../tui/view/line.ts';
import { STATE_STYLE } from '../../tui/view/theme.ts';

const COLOUR_OF_STYLE: Partial<Record<CellStyle, Colour>> = {
  dim: 'dim',
  bold: 'bold',
  good: 'green',
  busy: 'cyan',
  warn: 'yellow',
  bad: 'red',
};

export const colourOf = (style: CellStyle): Colour | null => COLOUR_OF_STYLE[style] ?? null;

/** A newer supervisor may have a state that is not known here. */
export const stateColour = (state: InstanceState): Colour => colourOf(STATE_STYLE[state] ?? 'bold') ?? 'bold';

const INSTANCE_COLOURS: Colour[] = ['cyan', 'green', 'yellow', 'magenta', 'blue'];

/** An instance has the same colour in every run. Red is only for errors. */
export function instanceColour(id: string): Colour {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return INSTANCE_COLOURS[hash % INSTANCE_COLOURS.length]!;
}
