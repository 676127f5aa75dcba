// `orch scale NAME=N…`: edits the pool size in procs.yaml, comments and layout kept; with --ephemeral asks the supervisor
// for an override instead.
import { heldText } from '../../api/held-edit.ts';
import type { WireError } from '../../api/protocol.ts';
import type { HeldEdit } from '../../api/protocol-edits.ts';
import { isSelector } from '../../api/select-names.ts';
import { environmentName } from '../../core/environment-name.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest, openProject, withSupervisor } from '../context/running-project.ts';
import { declaredSelectables, selectOf, selectRunning } from '../context/selection.ts';

/** `service`: or a selector. `size` null: back to what the file says. */
type ScaleRequest = { service: string; size: number | null };

type ScaleOptions = { ephemeral?: boolean };

export const scaleCommand: CommandDefinition<ScaleOptions> = {
  name: 'scale',
  group: 'Change',
  summary: 'change the size of a pool',
  details: [
    'Edits procs.yaml in place; comments and layout stay. With --ephemeral the file is left alone: the size holds until',
    '`orch scale --ephemeral NAME=file`, a later `orch scale NAME=N` or `orch down`.',
  ].join(' '),
  arguments: [{ syntax: '<sizes...>', description: 'service and size, such as `api=4`', completes: 'size' }],
  options: [{ flags: '--ephemeral', description: 'override the size in the supervisor instead of editing the file' }],
  examples: [
    ['orch scale api=8', 'in the file, permanently'],
    ['orch scale "worker-*=2"', 'all whose names match; also `tag:backend=2`'],
    ['orch scale --ephemeral api=8', 'for now'],
    ['orch scale --ephemeral api=file', 'back to what the file says'],
  ],
  run: runScale,
};

async function runScale(context: CliContext, { ephemeral = false }: ScaleOptions, words: string[]): Promise<ExitCode> {
  const requests: ScaleRequest[] = [];
  for (const word of words) {
    const request = parseScaleRequest(word, ephemeral);
    if ('code' in request) return fail(context, request);
    requests.push(request);
  }
  return ephemeral ? scaleBySupervisor(context, requests) : scaleFiles(context, requests);
}

function parseScaleRequest(word: string, isEphemeral: boolean): ScaleRequest | WireError {
  const match = /^((?:tag:)?[a-z0-9_*?-]{1,63})=(\d{1,5}|file)$/.exec(word);
  const isFile = match?.[2] === 'file';
  if (match && (!isFile || isEphemeral)) return { service: match[1]!, size: isFile ? null : Number(match[2]) };
  const hint = `\`orch scale api=4\`${isEphemeral ? ', or `api=file` to go back to what the file says' : ''}`;
  return { code: 'usage', message: `expected NAME=N with a service and a whole number from 0, got "${word}"`, hint };
}

function scaleBySupervisor(context: CliContext, requests: ScaleRequest[]): Promise<ExitCode> {
  return withSupervisor(context, async (client) => {
    const scaled = [];
    const text = [];
    const select = (words: string[]) => selectRunning(client, words, {}, 'look');
    for (const request of await eachService(requests, select)) {
      const { service, size } = await client.request('scale', request);
      scaled.push({ service, size });
      const until = `until \`orch scale --ephemeral ${service}=file\``;
      text.push(`${service}: ${size} (${request.size === null ? 'as the file says' : until})`);
    }
    context.stdout.write(`${context.json ? JSON.stringify({ scaled, ephemeral: true }) : text.join('\n')}\n`);
    return 0;
  });
}

/** With one request for each service that a selector means. */
async function eachService(
  requests: ScaleRequest[],
  select: (words: string[]) => Promise<string[]>,
): Promise<ScaleRequest[]> {
  const each = requests.map(async ({ service, size }) =>
    (await select([service])).map((name) => ({ service: name, size })),
  );
  return (await Promise.all(each)).flat();
}

async function scaleFiles(context: CliContext, requests: ScaleRequest[]): Promise<ExitCode> {
  try {
    const { client } = await openProject(context);
    const { loadOrPrint, printProblems, scaleInFile } = await import('../context/configuration.ts');
    const hasSelector = requests.some(({ service }) => isSelector(service));
    const accepted = hasSelector && !client ? await loadOrPrint(context) : null;
    if (hasSelector && !client && !accepted) return 2;
    const select = (words: string[]) =>
      client
        ? selectRunning(client, words, {}, 'look')
        : selectOf(accepted ? declaredSelectables(accepted.config) : [], words, {}, 'look');
    const selected = await eachService(requests, select);
    const sizes = Object.fromEntries(selected.map(({ service, size }) => [service, size ?? 0]));
    const { appliedEnvironment } = await import('../context/applied-environment.ts');
    const applied = client && (await appliedEnvironment(client, context.environment));
    if (applied && isOtherEnvironment(context, applied.env)) {
      client.close();
      return fail(context, otherEnvironment(applied.env));
    }
    const { problems, removed, held } = await scaleInFile(context, client, sizes).finally(() => client?.close());
    if (problems.length > 0) {
      printProblems(context, problems);
      return 2;
    }
    reportScale(context, sizes, { running: client !== null, removed, held });
    return 0;
  } catch (error) {
    return failRequest(context, error);
  }
}

/** ORCH_ENV, or nothing, means the environment that runs. */
function isOtherEnvironment({ envOption }: CliContext, running: string | null): boolean {
  return envOption !== undefined && environmentName(envOption) !== running;
}

function otherEnvironment(running: string | null): WireError {
  const message = `${running === null ? 'no environment' : `environment ${running}`} is in force: its size would not change`;
  return { code: 'conflict', message, hint: 'leave out `-e`: `scale` edits the files of the environment in force' };
}

type ScaleReport = { running: boolean; removed: Record<string, number>; held: HeldEdit | undefined };

function reportScale(
  context: CliContext,
  sizes: Record<string, number>,
  { running, removed, held }: ScaleReport,
): void {
  const scaled = Object.entries(sizes).map(([service, size]) => ({ service, size }));
  const former = (service: string): string => {
    const override = removed[service];
    return override === undefined ? '' : ` (the override of ${override} by \`scale --ephemeral\` is removed)`;
  };
  const applies = held ? `\`${held.command}\` applies it` : 'no supervisor runs: it takes effect at the next `orch up`';
  const when = running && !held ? '' : ` (${held ? 'in the file; ' : ''}${applies})`;
  const text = scaled.map(({ service, size }) => `${service}: ${size}${when}${former(service)}`).join('\n');
  const json = {
    scaled,
    ephemeral: false,
    running,
    ...(held && { held }),
    ...(Object.keys(removed).length > 0 && { removed }),
  };
  context.stdout.write(`${context.json ? JSON.stringify(json) : text}\n`);
  if (held) context.stderr.write(`note: ${heldText(held)}\n`);
}
