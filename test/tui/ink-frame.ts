// Draws a frame through Ink into rows of text, as the terminal would get them.
import { EventEmitter } from 'node:events';
import { render } from 'ink';
import { createElement } from 'react';
import { App } from '../../src/tui/app.tsx';
import { InkOutput } from '../../src/tui/ink-output.ts';
import { type Frame, reuseLines } from '../../src/tui/view/frame.ts';
import { themeOf } from '../../src/tui/view/theme.ts';

export type InkScreen = { show(frame: Frame): void; rows(): string[]; frames: () => number; close(): void };

/** A keyboard without input. */
const stdin = Object.assign(new EventEmitter(), { isTTY: false }) as unknown as NodeJS.ReadStream;

export function openInkScreen(columns: number, colour = false): InkScreen {
  let rows: string[] = [];
  let frames = 0;
  const output = new InkOutput(columns, (next) => {
    rows = next;
    frames++;
  });
  const theme = themeOf(colour);
  let ink: ReturnType<typeof render> | null = null;
  let shown: Frame | null = null;
  return {
    show(frame) {
      shown = reuseLines(shown, frame);
      output.columns = frame.columns;
      const app = createElement(App, { frame: shown, theme, onInput: () => undefined });
      if (ink !== null) ink.rerender(app);
      else {
        const stdout = output as unknown as NodeJS.WriteStream;
        ink = render(app, { stdout, stdin, debug: true, exitOnCtrlC: false, patchConsole: false });
      }
    },
    rows: () => rows,
    frames: () => frames,
    close() {
      output.close();
      ink?.unmount();
    },
  };
}

/** One frame, drawn once. */
export function drawnRows(frame: Frame, colour = false): string[] {
  const screen = openInkScreen(frame.columns, colour);
  screen.show(frame);
  screen.close();
  return screen.rows();
}
