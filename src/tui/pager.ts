// The pager of the user, in this terminal, with a text. The caller has left the full screen.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type ProgramRun, startProgram } from './terminal-program.ts';

/** @param atLine from 1: where it begins, if it can */
export async function startPager(
  { text, atLine }: { text: string; atLine: number },
  environment: NodeJS.ProcessEnv,
  stdin: NodeJS.ReadStream,
): Promise<ProgramRun> {
  const command = environment.PAGER || 'less';
  const directory = await mkdtemp(join(tmpdir(), 'orch-output-')); // mode 0700
  const file = join(directory, 'output.txt');
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    await writeFile(file, text);
    const words = [...placeWords(command, atLine), file];
    const { ended, kill } = await startProgram({ command, words, named: '$PAGER names the pager' }, stdin);
    return { ended: ended.finally(remove), kill };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Others begin at the first line. */
function placeWords(command: string, atLine: number): string[] {
  const program = basename(command.trim().split(/\s+/)[0]!);
  return /^(less|more|most|vim?|nvim|view)$/.test(program) ? [`+${atLine}`] : [];
}
