// `orch completion SHELL` prints the script to source; `orch __complete -- WORD…` answers it: one `text<TAB>about` a line.
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, shells } from '../context/definition.ts';
import { fail } from '../context/errors.ts';

export const completionCommand: CommandDefinition = {
  name: 'completion',
  group: 'Shell',
  summary: 'print the completion script of a shell',
  details: 'Completes commands, options, services and instances.',
  arguments: [{ syntax: '<shell>', description: 'bash, zsh or fish', completes: 'shell' }],
  options: [],
  examples: [
    ['source <(orch completion bash)', 'in ~/.bashrc; the same for zsh'],
    ['orch completion fish | source', 'in config.fish'],
  ],
  run: async (context, _options, [shell]) => {
    const known = shells.find((one) => one === shell);
    if (known === undefined) {
      const message = `no completion for the shell "${shell}"`;
      return fail(context, { code: 'usage', message, hint: `it is one of ${shells.join(', ')}` });
    }
    const { completionScripts } = await import('../completion/scripts.ts');
    context.stdout.write(completionScripts[known]);
    return 0;
  },
};

/** @param commandList called when it runs: this command is in the list itself. */
export const completeCommand = (commandList: () => CommandDefinition[]): CommandDefinition => ({
  name: '__complete',
  group: 'Shell',
  summary: 'answer the completion script',
  details: '',
  arguments: [{ syntax: '[words...]', description: 'the line up to the cursor' }],
  options: [],
  examples: [['orch __complete -- start a', 'names that start with a']],
  hidden: true,
  run: (context, _options, words) => runComplete(context, words, commandList()),
});

async function runComplete(
  { cwd, stdout }: CliContext,
  words: string[],
  commands: CommandDefinition[],
): Promise<ExitCode> {
  const { COMPLETE_FILES, candidatesFor } = await import('../completion/candidates.ts');
  const found = await candidatesFor(words, commands, cwd);
  stdout.write(found === COMPLETE_FILES ? ':files\n' : found.map(({ text, about }) => `${text}\t${about}\n`).join(''));
  return 0;
}
