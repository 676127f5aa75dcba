// `orch start`, `orch stop`, `orch restart`: change what runs, and wait for it.
import type { NotStarted, StartResult } from '../../api/protocol.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import {
  type CommandDefinition,
  exceptOption,
  namesOrAll,
  type OptionDefinition,
  timeoutOption,
} from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { withSupervisor } from '../context/running-project.ts';
import { type SelectionOptions, selectRunning } from '../context/selection.ts';

type ChangeOptions = SelectionOptions & { wait?: boolean; timeout?: number; all?: boolean };

const allOption: OptionDefinition = { flags: '--all', description: 'all services' };

export const startCommand: CommandDefinition<ChangeOptions> = {
  name: 'start',
  group: 'Change',
  summary: 'start services that were stopped or have failed',
  details: [
    'Undoes `orch stop` and forgets earlier failures. Says what could not be started and why, and then exits with 1.',
  ].join(' '),
  arguments: namesOrAll,
  options: [
    allOption,
    exceptOption,
    { flags: '--wait', description: 'return once they are ready' },
    timeoutOption('with --wait: how long to wait'),
  ],
  examples: [
    ['orch start worker', 'the whole service'],
    ['orch start --all', 'everything that `orch stop` stopped'],
  ],
  run: (context, options, names) => requestChange(context, 'start', names, options),
};

export const stopCommand: CommandDefinition<ChangeOptions> = {
  name: 'stop',
  group: 'Change',
  summary: 'stop services and keep them stopped until `orch start`',
  details: [
    'Returns once all their processes are gone. Edits of the file do not start them again. Fails if another command starts',
    'them meanwhile.',
  ].join(' '),
  arguments: namesOrAll,
  options: [allOption, exceptOption, timeoutOption('how long to wait until they are gone')],
  examples: [
    ['orch stop worker', 'the whole service'],
    ['orch stop api.3', 'one instance of the pool'],
    ['orch stop --all --except db', 'everything but db'],
  ],
  run: (context, options, names) => requestChange(context, 'stop', names, options),
};

export const restartCommand: CommandDefinition<ChangeOptions> = {
  name: 'restart',
  group: 'Change',
  summary: 'stop and start again',
  details: '',
  arguments: namesOrAll,
  options: [
    allOption,
    exceptOption,
    { flags: '--wait', description: 'return once they are ready again' },
    timeoutOption('with --wait: how long to wait'),
  ],
  examples: [
    ['orch restart api --wait', 'the whole service; returns once it is ready'],
    ['orch restart tag:backend', 'the services with that tag'],
    ['orch restart "worker-*" --except worker-mail', 'those whose names match, but one'],
  ],
  run: (context, options, names) => requestChange(context, 'restart', names, options),
};

/** A restart starts nothing by a tag that is started by hand. */
const PURPOSE = { start: 'start', stop: 'look', restart: 'wanted' } as const;

const PARTICIPLE = { start: 'started', stop: 'stopped', restart: 'restarted' };

function requestChange(
  context: CliContext,
  method: 'start' | 'stop' | 'restart',
  words: string[],
  {
    wait,
    all = false,
    except,
    timeout: timeoutMs = null,
  }: Omit<ChangeOptions, 'timeout'> & { timeout?: number | null },
): Promise<ExitCode> {
  const wrong = namesProblem(method, words, all);
  if (wrong) return Promise.resolve(fail(context, { code: 'usage', ...wrong }));
  return withSupervisor(context, async (client) => {
    const names = await selectRunning(client, words, { except }, PURPOSE[method]);
    const changed: StartResult = await client.request(method, method === 'stop' ? { names, timeoutMs } : { names });
    if (changed.notStarted)
      return reportNotStarted(context, method as 'start' | 'restart', changed.instances, changed.notStarted);
    const { instances } = changed;
    if (wait) await client.request('wait', { for: 'converged', names, timeoutMs });
    const text = instances.length === 0 ? `nothing to ${method}` : `${PARTICIPLE[method]} ${instances.join(', ')}`;
    context.stdout.write(`${context.json ? JSON.stringify({ instances }) : text}\n`);
    return 0;
  });
}

/** A forgotten name must not stop everything. */
function namesProblem(method: string, names: string[], all: boolean): { message: string; hint: string } | null {
  if (all === (names.length === 0)) return null;
  if (all) return { message: '`--all` and names do not go together', hint: `see \`orch help ${method}\`` };
  return { message: "missing required argument 'names'", hint: '`--all` means all services' };
}

const MAX_NAMED = 10;

/** Of a pool, all instances usually have the same reason: it is printed once. */
function reportNotStarted(
  context: CliContext,
  method: 'start' | 'restart',
  instances: string[],
  notStarted: NotStarted[],
): ExitCode {
  const lines = [...new Set(notStarted.map(({ reason }) => reason))].map((reason) => {
    const some = notStarted.filter((one) => one.reason === reason);
    const named = some.slice(0, MAX_NAMED).map(({ instance }) => instance);
    const more = some.length > named.length ? ` and ${some.length - named.length} more` : '';
    return `${named.join(', ')}${more}: ${reason}`;
  });
  const code = notStarted.every((one) => one.code === 'conflict') ? 'conflict' : 'failed';
  const error = { code, message: `not started: ${lines.join('\n')}` };
  if (context.json) context.stdout.write(`${JSON.stringify({ error, instances, notStarted })}\n`);
  else if (instances.length > 0) context.stdout.write(`${PARTICIPLE[method]} ${instances.join(', ')}\n`);
  return fail({ ...context, json: false }, error);
}
