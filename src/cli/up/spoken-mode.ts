// The view for screen readers: output and events as plain sentences, and commands that are typed. Nothing is drawn and nothing
// on the screen ever changes.
import { createInterface } from 'node:readline';
import type { CliContext, ExitCode } from '../context/context.ts';
import { runLineMode } from './line-mode.ts';
import { LinePrinter } from './line-printer.ts';
import type { LostSupervisor, ShownProject } from './shown-project.ts';
import { viewHelpers } from './view-helpers.ts';

export async function runSpokenMode(
  plain: CliContext,
  view: ShownProject,
  asksFirst: boolean,
): Promise<ExitCode | LostSupervisor> {
  const context: CliContext = { ...plain, colour: false };
  const { client, owning, paths } = view;
  const { LineCommands } = await import('../../tui/line-commands.ts');
  const printer = new LinePrinter(context, true);
  const input = createInterface({ input: process.stdin, terminal: false });
  try {
    let leave: (how: 'interrupted' | 'detached') => void = () => undefined;
    const left = new Promise<'interrupted' | 'detached'>((resolve) => {
      leave = resolve;
    });
    const { scaleInFile, describe, typing } = viewHelpers(context, paths, () => client);
    const commands = new LineCommands({
      ...{ client, owning, asksFirst, scaleInFile, describe, typing },
      say: (text) => printer.say(text),
      leave: (how) => void detachIfWanted(how).then(leave, (error: Error) => printer.say(error.message)),
    });
    const detachIfWanted = async (how: string) => {
      if (how !== 'detached') return 'interrupted';
      if (owning) await client.request('disown', {});
      printer.say('the project keeps running; `orch attach` shows it again, `orch down` stops it');
      return 'detached';
    };
    input.on('line', (line) => commands.enter(line));
    printer.say('type a command and Enter; "help" names all, "status" tells how the services are, "quit" leaves');
    const onStatus = (status: Parameters<typeof commands.update>[0]) => commands.update(status);
    return await runLineMode(context, view, { left, onStatus, printer });
  } finally {
    input.close();
    process.stdin.unref?.();
  }
}
