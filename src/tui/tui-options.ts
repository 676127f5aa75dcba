// What the view is given, and how it ends.
import type { Client } from '../api/client.ts';
import type { ProjectPaths } from '../api/paths.ts';
import type { FilePlace } from '../core/load-result.ts';
import type { LeaveOutcome } from './model/effects.ts';
import type { KeyBinding } from './model/keymap.ts';
import type { ReadDetails, ScaleInFile } from './session.ts';
import type { Theme } from './view/themes.ts';

export type TuiOptions = {
  client: Client;
  paths: ProjectPaths;
  /** Leaving stops everything. The caller has already sent `own`; detaching sends `disown`. */
  owning: boolean;
  colour: boolean;
  /** Default: as the terminal says, or dark. */
  theme?: Theme | undefined;
  /** Default: those of the keymap. */
  bindings?: readonly KeyBinding[] | undefined;
  /** The view takes the mouse; default: true. */
  mouse?: boolean | undefined;
  /** Both must be terminals. */
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  /** How `+` and `-` edit procs.yaml; without it they ask the supervisor for an override. */
  scaleInFile?: ScaleInFile;
  /** What the key `i` shows. */
  describe?: ReadDetails;
  /** Where the editor opens; throws an error with a message for people. */
  findPlace?: (service: string) => Promise<FilePlace>;
  /** How the user types into a program. */
  typing?: Typing;
  /** Questions come before the end of the project, and before commands for several instances. */
  asksFirst: boolean;
  /** Looks for the next supervisor once this one is lost; without it, the view ends then. */
  findNext?: FindNext;
};

export type Typing = {
  /** Lines without their newline, to the input of an instance. Throws an error with a message for people. */
  send(instance: string, lines: readonly string[]): Promise<void>;
  /** The command that connects this terminal to the program of an instance. */
  attachCommand(instance: string): string[];
};

/** @returns null: the project has ended, or `hasLeft` */
export type FindNext = (hasLeft: () => boolean) => Promise<NextSupervisor | null>;
/** `notice`: for the user. */
export type NextSupervisor = { client: Client; notice: string };

export type TuiOutcome = LeaveOutcome | 'down' | 'leftovers' | 'ended';
