// The editor of the user, in this terminal, at a place in a file. The caller has left the full screen.
import { type ChildProcess, spawn } from 'node:child_process';
import { basename } from 'node:path';
import type { FilePlace } from '../core/load-result.ts';

export type EditorRun = {
  /** Rejects with an error for people if the editor could not start or failed. The keyboard is back by then. */
  ended: Promise<void>;
  /** When this process has to end. */
  kill(): void;
};

export async function startEditor(
  place: FilePlace,
  environment: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadStream,
): Promise<EditorRun> {
  const command = environment.VISUAL || environment.EDITOR || 'vi';
  const giveBack = await lendKeyboard(stdin);
  // A command may have options of its own: `code --wait`. Ctrl-C is the editor's: the shell waits for what it makes of it.
  const words = ['-c', `trap : INT QUIT; ${command} "$@"`, 'editor', ...placeArguments(command, place)];
  const child = spawn('sh', words, { stdio: 'inherit' });
  return { ended: untilEnd(child, command).finally(giveBack), kill: () => child.kill('SIGHUP') };
}

function untilEnd(child: ChildProcess, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else if (code === 127) reject(new Error(`${command}: not found; $EDITOR names the editor`));
      else reject(new Error(`${command} ended with ${code === null ? 'a signal' : `exit code ${code}`}`));
    });
  });
}

/** Editors that do not know where to go open the file at its start. */
export function placeArguments(command: string, { file, line, column }: FilePlace): string[] {
  const program = basename(command.trim().split(/\s+/)[0]!);
  if (/^(n?vim?|nvi|elvis|nano|pico|emacs|emacsclient|mg|jed|joe|kak|ne|e3|micro)$/.test(program))
    return [`+${line}`, file];
  if (/^(code|code-insiders|codium|cursor|windsurf)$/.test(program))
    return ['--wait', '--goto', `${file}:${line}:${column}`];
  if (/^(subl|zed|zeditor)$/.test(program)) return ['--wait', `${file}:${line}:${column}`];
  if (/^(hx|helix)$/.test(program)) return [`${file}:${line}:${column}`];
  return [file];
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
