// Programs on a pseudo-terminal (`tty: true`): what is started is a holder process, and the program is its child. It needs no
// supervisor, so that both are adopted like any other instance; who attaches talks to it, not to us.
import { builtEntry } from '../../runtime/built-entry.ts';
import type { Launch } from './launch.ts';
import { isThere } from './shim.ts';

/** A small young generation: it only passes bytes on. */
const LEAN = ['--max-semi-space-size=1'];

/** @param socket where people attach. @returns the same where there is no such program, which the kernel complains of. */
export function throughTty(launch: Launch, socket: string): Launch {
  if (!isThere(launch)) return launch;
  const { NODE_OPTIONS, ...env } = launch.env;
  // They are the program's, not the holder's.
  if (NODE_OPTIONS !== undefined) env.ORCH_TTY_NODE_OPTIONS = NODE_OPTIONS;
  const args = [...LEAN, builtEntry('tty-holder.js'), socket, launch.file, ...launch.args];
  return { ...launch, file: process.execPath, args, env };
}
