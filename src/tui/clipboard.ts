// Copies a text out of the view: by the terminal (OSC 52), or by tmux.
import { spawn } from 'node:child_process';
import { clipboardSequence } from './clipboard-sequence.ts';

/** A server that does not answer must not keep the user waiting. */
const TMUX_TIMEOUT_MS = 2000;

/**
 * tmux ignores OSC 52 of programs unless `set-clipboard` is `on`, which is not its default (tmux/tmux#1864). Its own command
 * works with the default as well.
 *
 * @param text not too long for OSC 52
 * @returns what was done, to continue a sentence
 */
export async function copyText(
  text: string,
  environment: NodeJS.ProcessEnv,
  stdout: NodeJS.WriteStream,
): Promise<string> {
  if (environment.TMUX && (await copyByTmux(text))) return 'copied to tmux, and sent to its terminal';
  stdout.write(clipboardSequence(text, environment));
  return "sent to the terminal's clipboard";
}

/** `-w`: to the clipboard of the terminal as well; tmux 3.2 and newer. */
function copyByTmux(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('tmux', ['load-buffer', '-w', '-'], {
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: TMUX_TIMEOUT_MS,
    });
    child.once('error', () => resolve(false));
    child.once('close', (code) => resolve(code === 0));
    child.stdin.on('error', () => undefined); // it ended early: `close` follows
    child.stdin.end(text);
  });
}
