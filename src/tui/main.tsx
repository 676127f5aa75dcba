// Entry of the full-screen interface. The only module that the command line loads, and the only way to Ink.
// An ordinary client: it never starts a supervisor, and reads the output from the log files.
import './without-devtools.ts';
import { render } from 'ink';
import type { TuiOptions, TuiResult } from './controller.tsx';
import { TuiController } from './controller.tsx';

/**
 * Shows the project until the user leaves or the supervisor is gone, then restores the terminal. Does not close the client.
 * Prints what was stopped for `down` and `leftovers`, nothing for the other outcomes.
 *
 * @returns `detached`: everything keeps running (`disown` was sent). `down`: everything was stopped, by this or another
 *   client. `leftovers`: some processes could not be stopped. `quit`: the view left without owning the project, or by a
 *   signal that then ends the process. `lost`: the connection to the supervisor ended.
 */
export function runTui(options: TuiOptions): Promise<TuiResult> {
  return new TuiController(options, render).run();
}
