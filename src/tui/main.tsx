// Entry of the full-screen interface. The only module that the command line loads, and the only way to Ink.
// A client like any other: it never starts a supervisor, and what the user sees of output comes from the files.
import './without-devtools.ts';
import { render } from 'ink';
import type { TuiOptions, TuiResult } from './controller.tsx';
import { TuiController } from './controller.tsx';

/**
 * Shows the project until the user leaves or the supervisor is gone; the terminal is then as it was before. Neither closes
 * the client nor prints anything for `detached`, `quit` and `lost`; for the others it says what was stopped and what was not.
 *
 * @returns `detached`: it all runs on (`disown` was sent). `down`: everything was stopped, here or from elsewhere.
 *   `leftovers`: what could be stopped was, and something lives on.
 *   `quit`: left, not owning; also after a signal, by which the process then ends. `lost`: the supervisor went away.
 */
export function runTui(options: TuiOptions): Promise<TuiResult> {
  return new TuiController(options, render).run();
}
