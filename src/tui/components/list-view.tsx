// Output or events on the whole screen: a title, and the lines under it.

import { bodyHeight } from '../model/layout.ts';
import type { LogView } from '../model/log-ring.ts';
import type { UiState } from '../model/state.ts';
import { eventPageLines, eventTitle } from '../view/events.ts';
import { useAppearance } from './appearance.ts';
import { OutputPane } from './output-pane.tsx';
import { PreparedLines } from './prepared-lines.tsx';
import { TextLine } from './text-line.tsx';

export function OutputView({ state, log }: { state: UiState; log: LogView }) {
  return <OutputPane state={state} log={log} height={bodyHeight(state)} />;
}

export function EventView({ state }: { state: UiState }) {
  const { glyphs } = useAppearance();
  const height = Math.max(0, bodyHeight(state) - 1);
  return (
    <>
      <TextLine cells={eventTitle(state, glyphs)} columns={state.size.columns} />
      <PreparedLines lines={eventPageLines(state, height)} height={height} />
    </>
  );
}
