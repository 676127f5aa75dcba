// A program of the user's choice in this terminal: an editor, a pager. The caller has left the full screen.
import { type ChildProcess, spawn } from 'node:child_process';

export type ProgramRun = {
  /** Rejects with an error for people if it could not start or failed. The keyboard is back by then. */
  ended: Promise<void>;
  /** When this process has to end. */
  kill(): void;
};

/** `title`: for the error. `named`: the variable that names it, for the error: `$EDITOR names the editor` */
export type TerminalProgram = { command: string; words: readonly string[]; title?: string; named?: string };

/** @param command for the shell, before the words; may be empty */
export async function startProgram(
  { command, words, title = command, named }: TerminalProgram,
  stdin: NodeJS.ReadStream,
): Promise<ProgramRun> {
  const giveBack = await lendKeyboard(stdin);
  // A command may have options of its own: `code --wait`. Ctrl-C is the program's: the shell waits for what it makes of it.
  const shell = ['-c', `trap : INT QUIT; ${command} "$@"`, 'orch', ...words];
  const child = spawn('sh', shell, { stdio: 'inherit' });
  return { ended: untilEnd(child, title, named).finally(giveBack), kill: () => child.kill('SIGHUP') };
}

function untilEnd(child: ChildProcess, title: string, named: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else if (code === 127) reject(new Error(`${title}: not found${named ? `; ${named}` : ''}`));
      else reject(new Error(`${title} ended with ${code === null ? 'a signal' : `exit code ${code}`}`));
    });
  });
}

/** Nothing reads what is typed, until the returned function is called. */
async function lendKeyboard(stdin: NodeJS.ReadStream): Promise<() => void> {
  const listeners = stdin.listeners('readable') as (() => void)[];
  for (const listener of listeners) stdin.off('readable', listener);
  await new Promise((resolve) => setImmediate(resolve)); // a stream with such a listener cannot be paused
  stdin.pause();
  return () => {
    for (const listener of listeners) stdin.on('readable', listener);
  };
}
