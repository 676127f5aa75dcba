// A project on its way to a view: what `orch up` and `orch attach` show. Types only.
import type { Client } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { EndCondition } from './end-condition.ts';
import type { Interrupts } from './interrupts.ts';

export type ShownProject = {
  client: Client;
  paths: ProjectPaths;
  /** Leaving stops everything. */
  owning: boolean;
  /** Lines and events from this time on belong to the view. */
  sinceMs: number;
  /** false: `--no-tui`. */
  wantsTui: boolean;
  /** Services that all run to completion: the view ends with them. null: it lasts until the user leaves. */
  tasks: string[] | null;
  /** What ends the project, apart from its user and its services. */
  endCondition?: EndCondition | null;
  interrupts: Interrupts;
  /** `--screen-reader`: sentences, and commands that are typed. */
  screenReader?: boolean | undefined;
  /** `--yes`: the full-screen view asks nothing. */
  asksNothing?: boolean | undefined;
};

/** The supervisor ended while something ran; its output is shown up to this moment (milliseconds since the epoch). */
export type LostSupervisor = { lostAtMs: number };
