// Shared by the terminal tests: a scripted supervisor per test, and the view in a terminal in front of it.
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { EventRecord, Status } from '../../src/api/protocol.ts';
import { type Answers, type FakeSupervisor, sampleStatus, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { bundleHost, type HostTerminal, openHost, writeOutput } from './terminal-host.ts';

export const TIMEOUT_MS = 60_000;
export const SIZE = { columns: 100, rows: 30 };
export const forever = new Promise<never>(() => undefined);

/** The terminal's settings before and after, as `stty -g` prints them. */
export const WITH_STTY = 'stty -g; HOST; code=$?; echo; stty -g; echo "code $code"';

/** The same with variables of the program, in a shell that a Ctrl-C does not end. */
export const withSttyAnd = (variables: string): string =>
  `trap : INT; ${WITH_STTY.replace('HOST', () => `${variables} HOST`)}`;

/** What `stty -g` has printed. */
export function sttyStates(screen: string): string[] {
  return screen.split('\n').filter((row) => /^[0-9a-f]+(:[0-9a-f]+){10,}/.test(row));
}

export type Stage = {
  supervisor: FakeSupervisor;
  /** May be changed before the program asks. */
  answers: Answers;
  /** Sends another status to the program. */
  send(status: Status): void;
  /** Sends another event to the program. */
  tell(type: string, message: string): void;
  /** Names of the methods that were asked for so far. */
  methods(): string[];
  /** @param flags of host.ts. `command`: for the shell; HOST in it is the program. */
  open(flags?: string, size?: { columns: number; rows: number }, command?: string): HostTerminal;
  /** Opened, and its first picture is whole. */
  opened(flags?: string, size?: { columns: number; rows: number }): Promise<HostTerminal>;
};

/** Call once at the top of a file; what it returns is new for each test. */
export function setStage(): Stage {
  let host: Awaited<ReturnType<typeof bundleHost>>;
  let terminals: HostTerminal[] = [];
  const stage = {} as Stage;

  beforeAll(async () => {
    host = await bundleHost();
  }, TIMEOUT_MS);
  afterAll(() => host.remove());

  beforeEach(async () => {
    stage.send = () => undefined;
    stage.tell = () => undefined;
    stage.answers = usualAnswers(stage);
    stage.supervisor = await startFakeSupervisor(stage.answers);
    writeOutput(stage.supervisor.paths.logsDir, [['api.1', 'o', 'first line of api.1']]);
  });
  afterEach(async () => {
    for (const terminal of terminals) terminal.close();
    terminals = [];
    await stage.supervisor.close();
  });

  stage.methods = () => stage.supervisor.requests.map((request) => request.method);
  stage.open = (flags = 'own colour file', size = SIZE, command = 'HOST') => {
    const program = `node ${host.file} ${stage.supervisor.paths.root} ${flags}`;
    const terminal = openHost(
      command.replace('HOST', () => program),
      size,
    );
    terminals.push(terminal);
    return terminal;
  };
  stage.opened = async (flags, size) => {
    const terminal = stage.open(flags, size);
    await terminal.shows('first line of api.1');
    await terminal.shows('db.1 exited with code 1');
    return terminal;
  };
  return stage;
}

function usualAnswers(stage: Stage): Answers {
  return {
    watchStatus: (_params, call) => {
      stage.send = (status) => call.event(status);
      call.event(sampleStatus());
      return forever;
    },
    events: (_params, call) => {
      stage.tell = (type, message) => call.event(record(message, type));
      stage.tell('exited', 'db.1 exited with code 1');
      return forever;
    },
    restart: ({ names }) => ({ instances: names }),
    stop: ({ names }) => ({ instances: names }),
    start: ({ names }) => ({ instances: names }),
    scale: ({ service, size }) => ({ service, size: size ?? 1 }),
    why: ({ name }) => ({
      explanations: [{ id: name, state: 'backoff', causes: ['it exits at once'], unblock: 'fix it' }],
    }),
    own: () => ({}),
    disown: () => ({}),
    down: () => ({ stopped: 2, leftovers: [] }),
  };
}

function record(message: string, type: string): EventRecord {
  return {
    seq: 1,
    time: new Date().toISOString(),
    type,
    service: null,
    instance: null,
    message,
    details: {},
  };
}
