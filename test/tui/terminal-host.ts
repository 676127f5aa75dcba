// The view in a real pseudo-terminal with a terminal emulator, connected to a scripted supervisor.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';
import { build } from 'esbuild';
import { waitFor } from '../rig/wait-for.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Bundles host.ts as the build bundles the program. @returns the file, and how to remove it. */
export async function bundleHost(): Promise<{ file: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'orch-tui-'));
  const file = join(directory, 'host.mjs');
  await build({
    entryPoints: [join(root, 'test/tui/host.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { 'react-devtools-core': join(root, 'scripts/empty-module.mjs') },
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
    logLevel: 'error',
  });
  return { file, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

export type HostTerminal = {
  pty: IPty;
  /** Visible rows of the screen that is shown, without trailing blanks. */
  screen(): string;
  raw(): string;
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** What the program must leave alone, or give back. */
  modes(): TerminalModes;
  shows(text: string | RegExp, deadlineMs?: number): Promise<string>;
  exited(deadlineMs?: number): Promise<{ exitCode: number; signal: number }>;
  /** Ends what is left. */
  close(): void;
};
export type TerminalModes = {
  alternateScreen: boolean;
  cursorHidden: boolean;
  title: string;
  clipboard: string[];
  bells: number;
  bracketedPaste: boolean;
  mouse: string;
  wrap: boolean;
  origin: boolean;
  insert: boolean;
  applicationCursorKeys: boolean;
  sendFocus: boolean;
};

/** Runs `command` of a shell, so that what comes before and after the program is seen too. */
export function openHost(
  command: string,
  size: { columns: number; rows: number },
  env: Record<string, string> = {},
): HostTerminal {
  const emulator = new headless.Terminal({
    cols: size.columns,
    rows: size.rows,
    allowProposedApi: true,
    scrollback: 2000,
  });
  const seen = { title: '', clipboard: [] as string[], bells: 0, raw: '' };
  emulator.onTitleChange((title) => {
    seen.title = title;
  });
  emulator.onBell(() => seen.bells++);
  emulator.parser.registerOscHandler(52, (text) => {
    seen.clipboard.push(text);
    return true;
  });
  const pty = spawn('/bin/sh', ['-c', command], {
    cols: size.columns,
    rows: size.rows,
    env: { PATH: process.env.PATH ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8', TZ: 'UTC', ...env },
  });
  let exit: { exitCode: number; signal: number } | null = null;
  let written = 0;
  let parsed = 0;
  pty.onData((text) => {
    seen.raw += text;
    written++;
    emulator.write(text, () => parsed++);
  });
  emulator.onData((answer) => {
    if (exit === null) pty.write(answer);
  });
  pty.onExit(({ exitCode, signal }) => {
    exit = { exitCode, signal: signal ?? 0 };
  });
  const screen = () => visibleRows(emulator);
  return {
    pty,
    screen,
    raw: () => seen.raw,
    type: (keys) => pty.write(keys),
    resize: (columns, rows) => {
      emulator.resize(Math.max(2, columns), Math.max(1, rows));
      pty.resize(columns, rows);
    },
    modes: () => ({
      alternateScreen: emulator.buffer.active.type === 'alternate',
      cursorHidden: seen.raw.lastIndexOf('\x1b[?25l') > seen.raw.lastIndexOf('\x1b[?25h'),
      title: seen.title,
      clipboard: seen.clipboard,
      bells: seen.bells,
      bracketedPaste: emulator.modes.bracketedPasteMode,
      mouse: emulator.modes.mouseTrackingMode,
      wrap: emulator.modes.wraparoundMode,
      origin: emulator.modes.originMode,
      insert: emulator.modes.insertMode,
      applicationCursorKeys: emulator.modes.applicationCursorKeysMode,
      sendFocus: emulator.modes.sendFocusMode,
    }),
    shows: (text, deadlineMs = 15_000) =>
      waitFor(
        `the screen shows ${text}`,
        screen,
        (now) => (typeof text === 'string' ? now.includes(text) : text.test(now)),
        deadlineMs,
      ),
    exited: async (deadlineMs = 15_000) => {
      const isOver = () => exit !== null && parsed === written;
      await waitFor('the program ended', () => `${isOver()}\n${screen()}`, isOver, deadlineMs);
      return exit!;
    },
    close: () => {
      if (exit === null) pty.kill('SIGKILL');
    },
  };
}

function visibleRows(emulator: InstanceType<typeof headless.Terminal>): string {
  const buffer = emulator.buffer.active;
  const lines = Array.from(
    { length: emulator.rows },
    (_, row) => buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? '',
  );
  return lines.join('\n').trimEnd();
}

/** A queue file as the log writer leaves it. */
export function writeOutput(
  logsDir: string,
  lines: [instance: string, stream: 'o' | 'e', line: string][],
  append = false,
): void {
  mkdirSync(logsDir, { recursive: true });
  const time = new Date().toISOString();
  const text = lines.map(([instance, stream, line]) => `${time} ${instance} ${stream} ${line}\n`).join('');
  writeFileSync(join(logsDir, 'default.log'), text, { flag: append ? 'a' : 'w' });
}
