// Entry of the full-screen interface. The only module that the command line loads, and the only way to Ink.
// An ordinary client: it never starts a supervisor, and reads the output from the log files.
import './lean-heap.ts';
import './without-devtools.ts';
import { EventEmitter } from 'node:events';
import { TuiController } from './controller.ts';
import { Frames } from './frames.tsx';
import { LogRing } from './model/log-ring.ts';
import { initialState } from './model/state.ts';
import type { TuiOptions, TuiOutcome } from './tui-options.ts';

/**
 * Shows the project until the user leaves or the project ends, then restores the terminal and closes the client. Prints
 * what was stopped for `down` and `leftovers`, nothing for the other outcomes.
 *
 * @returns `detached`: everything keeps running (`disown` was sent). `down`: everything was stopped, by this or another
 *   client. `leftovers`: some processes could not be stopped. `quit`: the view left without owning the project, or by a
 *   signal that then ends the process. `lost`: the user left while no supervisor answered; `lostDown`: and wants everything
 *   stopped. `ended`: `findNext` has said so.
 */
export function runTui(options: TuiOptions): Promise<TuiOutcome> {
  return new TuiController(options).run();
}

/** Draws a frame without data for no screen: V8 and Ink get ready for the first one that is seen. */
export function warmUp(): void {
  const size = { columns: 80, rows: 24 };
  const noKeyboard = Object.assign(new EventEmitter(), { isTTY: false }) as unknown as NodeJS.ReadStream;
  const nothing = () => undefined;
  const on = { onRows: nothing, onInput: nothing, onError: nothing };
  const frames = new Frames({ ...on, size, colour: false, stdin: noKeyboard, log: new LogRing() });
  frames.draw(initialState({ size, owning: true, canEditFile: true, asksFirst: true }));
  frames.close();
}
