// Draws a state through Ink into rows of text, as the screen would get them.
import { EventEmitter } from 'node:events';
import { createElement } from 'react';
import { App } from '../../src/tui/app.tsx';
import { InkOutput } from '../../src/tui/ink-output.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { UiState } from '../../src/tui/model/state.ts';
import { type Glyphs, UNICODE } from '../../src/tui/view/theme.ts';
import { DARK, type Theme } from '../../src/tui/view/themes.ts';
import { NOW_MS } from './sample.ts';

export type Scene = { log?: LogRing; colour?: boolean; glyphs?: Glyphs; theme?: Theme };
export type InkScreen = { show(state: UiState, log?: LogRing): void; rows(): string[]; close(): void };

/** A keyboard without input. */
const stdin = Object.assign(new EventEmitter(), { isTTY: false }) as unknown as NodeJS.ReadStream;

export function openInkScreen({ colour = false, glyphs = UNICODE, theme = DARK }: Scene = {}): InkScreen {
  let rows: string[] = [];
  let failure: unknown = null;
  const output = new InkOutput({
    columns: 80,
    colourLevel: colour ? 1 : 0,
    stdin,
    now: () => NOW_MS,
    onRows: (next) => {
      rows = next;
    },
    onError: (error) => {
      failure = error;
    },
  });
  const appearance = { glyphs, theme, colour, place: output.place, placeLive: output.placeLive };
  return {
    show(state, log = new LogRing()) {
      const app = createElement(App, { state, log, nowMs: NOW_MS, appearance, onInput: () => undefined });
      output.show(app, state.size.columns);
      if (failure !== null) throw failure;
    },
    rows: () => rows,
    close: () => output.close(),
  };
}

/** One frame, drawn once. */
export function drawnRows(state: UiState, { log, ...scene }: Scene = {}): string[] {
  const screen = openInkScreen(scene);
  screen.show(state, log);
  screen.close();
  return screen.rows();
}
