// `orch rollback [GENERATION]`: puts an earlier configuration in force, whatever the files say.
import { formatSpan } from '../../units.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, timeoutOption } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';

type RollbackOptions = { wait?: boolean; timeout?: number };

export const rollbackCommand: CommandDefinition<RollbackOptions> = {
  name: 'rollback',
  group: 'Change',
  summary: 'put the configuration of an earlier generation in force again',
  details: [
    'Default: the generation before. It replaces what changed by roll-outs, as an edit does. The files stay as they are: they',
    'are held until they change or agree, and `orch apply` applies them. What was never committed is known until `orch down`.',
  ].join(' '),
  arguments: [{ syntax: '[generation]', description: 'a number of `orch history`' }],
  options: [
    { flags: '--wait', description: 'return once everything is as declared' },
    timeoutOption('with --wait: how long to wait'),
  ],
  examples: [
    ['orch rollback --wait', 'the last edit was wrong'],
    ['orch rollback 12', 'to that generation'],
  ],
  run: runRollback,
};

function runRollback(
  context: CliContext,
  { wait = false, timeout }: RollbackOptions,
  [word]: string[],
): Promise<ExitCode> {
  if (word !== undefined && !/^[1-9]\d{0,8}$/.test(word)) {
    const message = `expected the number of a generation, got "${word}"`;
    return Promise.resolve(fail(context, { code: 'usage', message, hint: '`orch history` lists them' }));
  }
  return withSupervisor(context, async (client) => {
    const { generation, to, changed, held } = await client.request('rollback', { to: word ? Number(word) : null });
    const condition = { for: 'converged' as const, names: [], timeoutMs: timeout ?? null };
    const waitedMs = wait ? (await client.request('wait', condition)).waitedMs : null;
    const waited = waitedMs === null ? '' : `, converged after ${formatSpan(waitedMs)}`;
    const json = { generation, to, changed, ...(held && { held }), ...(waitedMs !== null && { waitedMs }) };
    const until = held ? `\nthe files are held until they change; \`${held.command}\` applies them` : '';
    const text = changed
      ? `rolled back to generation ${to}, as generation ${generation}${waited}${until}`
      : `generation ${to} is what is in force`;
    context.stdout.write(`${context.json ? JSON.stringify(json) : text}\n`);
    return 0;
  });
}
