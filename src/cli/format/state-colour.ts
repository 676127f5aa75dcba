// The colour of a state and of an instance, the same in every command.
import type { InstanceState } from '../../api/protocol.ts';
import type { Colour } from '../../terminal/colour.ts';

const STATE_COLOUR: Record<InstanceState, Colour> = {
  ready: 'green',
  running: 'cyan',
  starting: 'yellow',
  waiting: 'yellow',
  stopping: 'yellow',
  unready: 'magenta',
  backoff: 'magenta',
  failed: 'red',
  completed: 'dim',
  stopped: 'dim',
};

export const stateColour = (state: InstanceState): Colour => STATE_COLOUR[state] ?? 'bold';

const INSTANCE_COLOURS: Colour[] = ['cyan', 'green', 'yellow', 'magenta', 'blue'];

/** An instance has the same colour in every run. Red is only for errors. */
export function instanceColour(id: string): Colour {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return INSTANCE_COLOURS[hash % INSTANCE_COLOURS.length]!;
}
