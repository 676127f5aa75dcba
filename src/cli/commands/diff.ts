// `orch diff`: how two environments differ, or what runs and the files. Never changes anything.
import { basename } from 'node:path';
import { type Client, ClientError } from '../../api/client.ts';
import { environmentName, NO_PERSONAL_VARIABLE } from '../../core/environment-name.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { ConfigDifference } from '../../plan/compare-configs.ts';
import type { RunningDifference } from '../../plan/running-difference.ts';
import { painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { type CliContext, type ExitCode, tableWidth } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { failRequest, withSupervisor } from '../context/running-project.ts';
import { formatDifference } from '../format/difference-text.ts';

export const diffCommand: CommandDefinition = {
  name: 'diff',
  group: 'Look',
  summary: 'show how environments differ, or what runs and the files',
  details: [
    'Two names: these environments. One name: procs.yaml alone, or the environment of `-e`, and that one. No name: what runs',
    'and the files, in the environment in force or that of `-e`, with what was stopped or scaled by a command. By service, key',
    'and what the change would need. Exit code: 0 no difference, 2 differences, 1 error, 3 nothing runs.',
  ].join(' '),
  arguments: [
    {
      syntax: '[from]',
      description: 'an environment, or several overlays in their order: `dev,local`',
      completes: 'environment',
    },
    { syntax: '[to]', description: 'the same', completes: 'environment' },
  ],
  options: [],
  examples: [
    ['orch diff dev prod', 'how prod differs from dev'],
    ['orch diff prod', 'what the overlay procs.prod.yaml changes'],
    ['orch diff', 'what runs otherwise than the files say'],
  ],
  run: (context, _options, names) => runDiff(context, names),
};

/** A side of the comparison. `env` null: none. */
type Side = { kind: 'environment' | 'running' | 'files'; env: string | null };
type Compared = { project: string; from: Side; to: Side; difference: ConfigDifference | RunningDifference };

async function runDiff(context: CliContext, names: string[]): Promise<ExitCode> {
  if (names.length > 0) return print(context, await compareEnvironments(context, names));
  return withSupervisor(context, async (client) => {
    try {
      return print(context, await compareRunning(context, client));
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const code = failRequest(context, error);
      return code === 2 ? 1 : code;
    }
  });
}

/** @param compared null: the reason is printed. */
function print(context: CliContext, compared: Compared | null): ExitCode {
  if (!compared) return 1;
  const { project, from, to, difference } = compared;
  const isSame = difference.services.length === 0 && !difference.name && !('environment' in difference);
  if (context.json) {
    context.stdout.write(`${JSON.stringify({ project, from, to, same: isSame, ...difference })}\n`);
  } else {
    const title = escapeControls(`${project}: ${printSide(from, context)} → ${printSide(to, context)}`);
    const text = formatDifference(difference, painter(context.colour), tableWidth(context) ?? 80);
    context.stdout.write(`${title}\n\n${text}\n`);
  }
  return isSame ? 0 : 2;
}

function printSide({ kind, env }: Side, { file }: CliContext): string {
  if (kind === 'environment') return env ?? basename(file);
  return `${kind === 'running' ? 'what runs' : 'the files'}${env === null ? '' : ` (${env})`}`;
}

async function compareEnvironments(context: CliContext, names: string[]): Promise<Compared | null> {
  const [from, to] = (names.length === 2 ? names : [context.env ?? '', names[0]!]).map(environmentName);
  const { compareConfigs } = await import('../../plan/compare-configs.ts');
  const before = await load(context, { env: from! });
  const after = before && (await load(context, { env: to! }));
  if (!before || !after) return null;
  const side = (env: string | null): Side => ({ kind: 'environment', env });
  const difference = compareConfigs(before.config, after.config);
  return { project: after.config.project, from: side(from!), to: side(to!), difference };
}

/** The files are read as the supervisor reads them, unless `-e` names another environment: then as `orch -e NAME up` would. */
async function compareRunning(context: CliContext, client: Client): Promise<Compared | null> {
  const [{ appliedEnvironment }, { differenceOfRunning }] = await Promise.all([
    import('../context/applied-environment.ts'),
    import('../../plan/running-difference.ts'),
  ]);
  const applied = await appliedEnvironment(client, context.environment);
  const noLocal = context.environment[NO_PERSONAL_VARIABLE];
  const environment = { ...applied.variables, ...(noLocal !== undefined && { [NO_PERSONAL_VARIABLE]: noLocal }) };
  const asRunning = { env: applied.env, environment };
  const accepted = await load(context, context.envOption === undefined ? asRunning : {});
  if (!accepted) return null;
  const [plan, status] = await Promise.all([client.request('plan', { accepted }), client.request('status', {})]);
  const { config } = accepted;
  return {
    project: status.project,
    from: { kind: 'running', env: status.env },
    to: { kind: 'files', env: config.env },
    difference: differenceOfRunning(plan, status, config),
  };
}

async function load(
  context: CliContext,
  instead: Partial<Pick<CliContext, 'env' | 'environment'>>,
): Promise<AcceptedConfig | null> {
  const { loadOrPrint } = await import('../context/configuration.ts');
  return loadOrPrint({ ...context, ...instead });
}
