// The output of services: a title, and the lines under it. All of it is live: new lines cost no frame of Ink.
import type { LogView } from '../model/log-ring.ts';
import type { UiState } from '../model/state.ts';
import { paneLines, paneTitle } from '../view/pane.ts';
import { useAppearance } from './appearance.ts';
import { LiveLines } from './prepared-lines.tsx';

type OutputPaneProps = {
  state: UiState;
  log: LogView;
  /** With its title. */
  height: number;
  /** See `paneTitle`. */
  visibleRange?: string;
};

export function OutputPane({ state, log, height, visibleRange = '' }: OutputPaneProps) {
  const { glyphs, colour } = useAppearance();
  const read = (nowMs: number) => [
    paneTitle(state, log, glyphs, visibleRange),
    ...paneLines(state, log, { height: height - 1, colour, glyphs, nowMs }),
  ];
  return <LiveLines read={read} height={height} />;
}
