// `orch completion SHELL` prints the script to source; `orch __complete -- WORD…` answers it, one `text<TAB>about` a line.
import { resolve } from 'node:path';
import { COMPLETE_FILES, candidatesFor } from '../completion/candidates.ts';
import { completionScripts, type Shell, shells } from '../completion/scripts.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { discoverFile } from '../context/context.ts';
import { fail } from '../context/errors.ts';

export async function runCompletion(context: CliContext, [shell]: string[]): Promise<ExitCode> {
  if (!shells.includes(shell as Shell)) {
    const message = `no completion for the shell "${shell}"`;
    return fail(context, { code: 'usage', message, hint: `it is one of ${shells.join(', ')}` });
  }
  context.stdout.write(completionScripts[shell as Shell]);
  return 0;
}

export async function runComplete(context: CliContext, words: string[]): Promise<ExitCode> {
  const { cwd, stdout } = context;
  const found = await candidatesFor(words, (file) => (file === null ? discoverFile(cwd) : resolve(cwd, file)));
  stdout.write(found === COMPLETE_FILES ? ':files\n' : found.map(({ text, about }) => `${text}\t${about}\n`).join(''));
  return 0;
}
