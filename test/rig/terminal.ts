// A real pseudo-terminal with a terminal emulator behind it: what a person would see on the screen.
import { spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { cleanEnvironment, MAIN } from './orch.ts';
import { waitFor } from './wait-for.ts';

export type TerminalOptions = { cwd: string; env?: Record<string, string>; cols?: number; rows?: number };

export type Terminal = {
  pid: number;
  /** The visible rows, trailing blanks removed. */
  screen: () => string;
  /** Every byte that was printed so far. */
  raw: () => string;
  type: (keys: string) => void;
  resize: (cols: number, rows: number) => void;
  waitForText: (text: string | RegExp, deadlineMs?: number) => Promise<string>;
  waitForExit: (deadlineMs?: number) => Promise<{ exitCode: number; signal: number }>;
  /** State that a program must give back: the normal screen and a visible cursor. */
  modes: () => { alternateScreen: boolean; cursorHidden: boolean; mouse: boolean; bracketedPaste: boolean };
  /** Hangs up, as a closed window does; for the rig's teardown, and for tests of exactly that. */
  close: () => void;
};

/** At which every screen of the view is tried. */
export const SIZES = [
  { cols: 80, rows: 24 },
  { cols: 120, rows: 40 },
  { cols: 200, rows: 50 },
  { cols: 60, rows: 15 },
];

export const KEY = { ctrlC: '\x03', enter: '\r', escape: '\x1b', up: '\x1b[A', down: '\x1b[B' } as const;

export function openTerminal(args: string[], options: TerminalOptions): Terminal {
  const { cols = 100, rows = 30 } = options;
  const emulator = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 1000 });
  const pty = spawn(process.execPath, [MAIN, ...args], {
    cols,
    rows,
    cwd: options.cwd,
    env: { ...cleanEnvironment(), TERM: 'xterm-256color', COLORTERM: 'truecolor', ...options.env },
  });
  let raw = '';
  let exit: { exitCode: number; signal: number } | null = null;
  pty.onData((data) => {
    raw += data;
    emulator.write(data);
  });
  // Answers of the emulator (cursor position and the like) go back as a terminal would send them.
  emulator.onData((answer) => {
    if (exit === null) pty.write(answer);
  });
  pty.onExit(({ exitCode, signal }) => {
    exit = { exitCode, signal: signal ?? 0 };
  });
  const screen = (): string => visibleRows(emulator);
  return {
    pid: pty.pid,
    screen,
    raw: () => raw,
    type: (keys) => pty.write(keys),
    resize: (newCols, newRows) => {
      emulator.resize(newCols, newRows);
      pty.resize(newCols, newRows);
    },
    waitForText: (text, deadlineMs) =>
      waitFor(
        `the screen shows ${text}`,
        screen,
        (seen) => (typeof text === 'string' ? seen.includes(text) : text.test(seen)),
        deadlineMs,
      ),
    waitForExit: async (deadlineMs) => {
      await waitFor(
        `the command ended; screen:\n${screen()}`,
        () => exit,
        (seen) => seen !== null,
        deadlineMs,
      );
      await new Promise<void>((resolve) => emulator.write('', resolve)); // it has then drawn what came before the end
      return exit!;
    },
    modes: () => ({
      alternateScreen: emulator.buffer.active.type === 'alternate',
      cursorHidden: raw.lastIndexOf('\x1b[?25l') > raw.lastIndexOf('\x1b[?25h'),
      mouse: emulator.modes.mouseTrackingMode !== 'none',
      bracketedPaste: emulator.modes.bracketedPasteMode,
    }),
    close: () => {
      if (exit === null) pty.kill('SIGHUP');
    },
  };
}

function visibleRows(emulator: InstanceType<typeof headless.Terminal>): string {
  const buffer = emulator.buffer.active;
  const lines: string[] = [];
  for (let row = 0; row < emulator.rows; row++) {
    lines.push(buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '');
  }
  return lines.join('\n').trimEnd();
}
