// A program of the user's choice in this terminal: an editor, a pager. The caller has left the full screen.
import { type ChildProcess, spawn } from 'node:child_process';

export type ProgramRun = {
  /** Rejects with an error for people if it could not start or failed. The keyboard is back by then. */
  ended: Promise<void>;
  /** When this process has to end. */
  kill(): void;
};

/** @param named the variable that names it, for the error: `$EDITOR names the editor` */
export async function startProgram(
  command: string,
  words: readonly string[],
  named: string,
  stdin: NodeJS.ReadStream,
): Promise<ProgramRun> {
  const giveBack = await lendKeyboard(stdin);
  // A command may have options of its own: `code --wait`. Ctrl-C is the program's: the shell waits for what it makes of it.
  const shell = ['-c', `trap : INT QUIT; ${command} "$@"`, 'orch', ...words];
  const child = spawn('sh', shell, { stdio: 'inherit' });
  return { ended: untilEnd(child, command, named).finally(giveBack), kill: () => child.kill('SIGHUP') };
}

function untilEnd(child: ChildProcess, command: string, named: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else if (code === 127) reject(new Error(`${command}: not found; ${named}`));
      else reject(new Error(`${command} ended with ${code === null ? 'a signal' : `exit code ${code}`}`));
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
