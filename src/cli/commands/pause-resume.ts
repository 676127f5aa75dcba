// `orch pause` and `orch resume`: edits of the files wait, around a `git pull` or an installation.
import { countEdits, formatSince, heldText } from '../../api/held-edit.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, waitOptions } from '../context/definition.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type ConvergenceOptions, waitConverged } from '../context/wait-converged.ts';

export const pauseCommand: CommandDefinition = {
  name: 'pause',
  group: 'Change',
  summary: 'let edits of the files wait until `orch resume`',
  details: [
    'Until then, edits of procs.yaml and of files that services `watch` change nothing. What runs is supervised as before:',
    'what crashes is restarted. It outlasts the supervisor; `orch down` ends it.',
  ].join(' '),
  arguments: [],
  options: [],
  examples: [['orch pause', 'before `git pull && npm ci`; then `orch resume`: one edit instead of many']],
  run: runPause,
};

export const resumeCommand: CommandDefinition<ConvergenceOptions> = {
  name: 'resume',
  group: 'Change',
  summary: 'apply the edits that wait since `orch pause`, and those that follow',
  details: 'A service whose watched files have changed meanwhile acts on that once.',
  arguments: [],
  options: [...waitOptions],
  examples: [['orch resume --wait --timeout 60s', 'in a script of deployment']],
  run: runResume,
};

function runPause(context: CliContext): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const { paused, already } = await client.request('pause', {});
    const since = already ? ` since ${formatSince(paused.since)}` : '';
    const text = `edits are paused${since} (${countEdits(paused.edits)} so far); \`orch resume\` applies them`;
    context.stdout.write(`${context.json ? JSON.stringify({ paused, already }) : text}\n`);
    return 0;
  });
}

function runResume(context: CliContext, options: ConvergenceOptions): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const outcome = await client.request('resume', {});
    if (outcome.status === 'rejected') {
      const { printProblems } = await import('../context/configuration.ts');
      printProblems(context, outcome.problems);
      context.stderr.write('\nServices keep running.\n');
      return 2;
    }
    const waited = await waitConverged(client, options);
    const { edits, generation, held } = outcome;
    const what = edits === null ? 'edits were not paused' : `edits are applied again (${countEdits(edits)} waited)`;
    const json = { edits, generation, ...(held && { held }), ...waited.json };
    context.stdout.write(
      `${context.json ? JSON.stringify(json) : `${what}, generation ${generation}${waited.text}`}\n`,
    );
    if (held) context.stderr.write(`note: ${heldText(held)}\n`);
    return 0;
  });
}
