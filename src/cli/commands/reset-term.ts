// `orch reset-term`: resets a terminal after a program (orch included) died without restoring it.
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';

export const resetTermCommand: CommandDefinition = {
  name: 'reset-term',
  group: 'Shell',
  summary: 'reset the terminal',
  details: 'For when a program died and left the cursor hidden, the mouse captured or the colours wrong.',
  arguments: [],
  options: [],
  examples: [['orch reset-term', 'works even if you cannot see what you type']],
  run: runResetTerm,
};

/**
 * Leave the alternate screen; cursor, wrap and normal keypad; no mouse, focus or paste reports; plain colours, ASCII. The cursor
 * is saved (`ESC 7`) before what moves it: leaving a screen that was never entered, and the end of a scroll region.
 */
export const RESET_SEQUENCE = [
  '\x1b7\x1b[?1049l\x1b[?25h\x1b[?7h\x1b[?1l\x1b>',
  '\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u',
  '\x1b[0m\x1b(B\x0f\x1b[4l\x1b7\x1b[r\x1b8',
].join('');

async function runResetTerm(context: CliContext): Promise<ExitCode> {
  const { spawnSync } = await import('node:child_process');
  if (process.stdin.isTTY) spawnSync('stty', ['sane'], { stdio: ['inherit', 'ignore', 'ignore'] });
  if (context.stdout.isTTY) context.stdout.write(RESET_SEQUENCE);
  return 0;
}
