// `orch why NAME…`: prints the chain of causes of each instance, and what would unblock it.
import type { Explanation } from '../../api/protocol.ts';
import { type Paint, painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, exceptOption, requiredNames } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type SelectionOptions, selectRunning } from '../context/selection.ts';
import { stateColour } from '../format/state-colour.ts';

export const whyCommand: CommandDefinition<SelectionOptions> = {
  name: 'why',
  group: 'Look',
  summary: 'explain why something is not running or not ready',
  details: '',
  arguments: requiredNames,
  options: [exceptOption],
  examples: [
    ['orch why api', 'the chain of causes of each instance'],
    ['orch why api.2', 'of one instance'],
    ['orch why "*"', 'of everything'],
  ],
  run: runWhy,
};

function runWhy(context: CliContext, options: SelectionOptions, words: string[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const names = await selectRunning(client, words, options, 'look');
    const answers = await Promise.all(names.map((name) => client.request('why', { name })));
    const explanations = answers.flatMap((answer) => answer.explanations);
    const paint = painter(context.colour);
    const text = context.json
      ? JSON.stringify({ explanations })
      : explanations.map((explanation) => formatExplanation(explanation, paint)).join('\n');
    context.stdout.write(`${text}\n`);
    return 0;
  });
}

export function formatExplanation({ id, title, state, causes, unblock, notes }: Explanation, paint: Paint): string {
  const name = title === undefined ? '' : ` (${escapeControls(title)})`;
  const lines = [`${paint('bold', id)}${name} is ${paint(stateColour(state), state)}`];
  causes.forEach((cause, depth) => {
    lines.push(`${'  '.repeat(depth + 1)}${depth === 0 ? 'because' : 'since'}: ${escapeControls(cause)}`);
  });
  if (unblock !== null) lines.push(`  to unblock: ${escapeControls(unblock)}`);
  for (const note of notes ?? []) lines.push(`  ${escapeControls(note)}`);
  return lines.join('\n');
}
