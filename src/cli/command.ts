// What every command module is given and gives back. Types only.
//
// A module src/cli/<name>.ts exports `run<Name>(context, options, ...args): Promise<ExitCode>`; main.ts loads it when its
// command was chosen. It writes to the context's streams, never to `process`, and never calls process.exit.

export type CliContext = {
  /** Absolute path of procs.yaml; it may not exist. */
  file: string;
  /** `--env`, else ORCH_ENV, else null. */
  env: string | null;
  /** `--json` was given. */
  json: boolean;
  stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; writableLength?: number; destroyed?: boolean };
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
  /** May SGR sequences be written to stdout? NO_COLOR, `--no-color`, TERM=dumb, no TTY: false; FORCE_COLOR: true. */
  colour: boolean;
  environment: Record<string, string | undefined>;
  cwd: string;
};

/** 0 done; 1 it did not work out; 2 bad usage or configuration (plan: changes); 3 no supervisor runs; 4 conflict. */
export type ExitCode = 0 | 1 | 2 | 3 | 4;
