// What the command line hands to the interface, and what it gets back. Types only.
import type { Client } from '../api/client.ts';
import type { ProjectPaths } from '../api/paths.ts';
import type { ScaleInFile } from './session.ts';
import type { Choices } from './state.ts';

export type TuiOptions = {
  client: Client;
  paths: ProjectPaths;
  /** Leaving stops everything. The caller has sent `own` already; detaching sends `disown`. */
  owning: boolean;
  colour: boolean;
  /** Both must be terminals. */
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  /** How `+` and `-` edit procs.yaml; without it they ask the supervisor for an override. */
  scaleInFile?: ScaleInFile;
  /** Goes on where a view ended that was lost, and says why. */
  resumed?: Resumed | null;
};

export type Resumed = { choices: Choices; notice: string };
/** `choices`: for a view that goes on. */
export type Ended = { outcome: Outcome; choices: Choices };

export type Outcome = 'detached' | 'down' | 'leftovers' | 'quit' | 'lost';
