// The pager of the user, in this terminal, with a file. The caller has left the full screen.
import { basename } from 'node:path';
import { type ProgramRun, startProgram } from './terminal-program.ts';

/** @param atLine from 1: where it begins, if it can */
export function startPager(
  { file, atLine }: { file: string; atLine: number },
  environment: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadStream,
): Promise<ProgramRun> {
  const command = environment.PAGER || 'less';
  const words = [...placeWords(command, atLine), file];
  return startProgram({ command, words, named: '$PAGER names the pager' }, stdin);
}

/** Others begin at the first line. */
function placeWords(command: string, atLine: number): string[] {
  const program = basename(command.trim().split(/\s+/)[0]!);
  return /^(less|more|most|vim?|nvim|view)$/.test(program) ? [`+${atLine}`] : [];
}
