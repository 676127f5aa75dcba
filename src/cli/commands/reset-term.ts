// `orch reset-term`: puts a terminal back in order after a program (ours included) died without doing so.
import { spawnSync } from 'node:child_process';
import type { CliContext, ExitCode } from '../context/context.ts';

/** Leave the alternate screen; cursor, wrap and normal keypad; no mouse, focus or paste reports; plain colours, ASCII. */
export const RESET_SEQUENCE = [
  '\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[?1l\x1b>',
  '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u',
  '\x1b[0m\x1b(B\x0f\x1b[r\x1b[4l',
].join('');

export async function runResetTerm(context: CliContext): Promise<ExitCode> {
  if (process.stdin.isTTY) spawnSync('stty', ['sane'], { stdio: ['inherit', 'ignore', 'ignore'] });
  if (context.stdout.isTTY) context.stdout.write(RESET_SEQUENCE);
  return 0;
}
