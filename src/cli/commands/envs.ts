// `orch envs`: the environments of the project, that is the overlays next to procs.yaml: which one runs, what each changes, and
// whether it is valid.
import { basename } from 'node:path';
import { ClientError } from '../../api/client.ts';
import { layersOf, overlayOf, personalOverlayIn } from '../../core/environment-name.ts';
import type { Problem } from '../../core/load-result.ts';
import type { ConfigDifference } from '../../plan/compare-configs.ts';
import { painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { type CliContext, type ExitCode, tableWidth } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { formatPosition } from '../context/errors.ts';
import { openProject } from '../context/running-project.ts';
import { type EnvironmentRow, environmentTable } from '../format/environment-table.ts';

export const envsCommand: CommandDefinition = {
  name: 'envs',
  group: 'Configuration',
  summary: 'list the environments, what each changes, and which one runs',
  details: [
    'The environments are the overlays next to procs.yaml (`procs.dev.yaml`: dev), read with the variables of this shell.',
    'Exit code: 0 all are valid, 2 an overlay is rejected.',
  ].join(' '),
  arguments: [],
  options: [],
  examples: [
    ['orch envs', 'the environments of this project'],
    ['orch envs --json', 'for CI: problems with their positions'],
  ],
  run: runEnvs,
};

/** procs.yaml alone may be incomplete where overlays complete it; without an overlay it must be valid. */
async function runEnvs(context: CliContext): Promise<ExitCode> {
  const running = await runningEnvironment(context);
  const { rows, personal } = await loadRows(context, running);
  const [alone, ...overlays] = rows as [EnvironmentRow, ...EnvironmentRow[]];
  if (overlays.length === 0 && alone.status === 'rejected') {
    const { printProblems } = await import('../context/configuration.ts');
    printProblems(context, alone.problems);
    return 2;
  }
  const project = rows.find(({ project }) => project !== null)?.project ?? null;
  if (context.json) {
    const environments = rows.map(({ project: _, ...row }) => row);
    context.stdout.write(`${JSON.stringify({ project, running, personal, environments })}\n`);
  } else {
    const lines = environmentTable(rows, painter(context.colour), tableWidth(context));
    const note =
      personal === null ? [] : ['', `with ${escapeControls(personal)} on top of each (--no-local leaves it out)`];
    context.stdout.write(`${[...lines, ...problemLines(rows), ...note].join('\n')}\n`);
  }
  return overlays.some(({ status }) => status === 'rejected') ? 2 : 0;
}

/** Null: nothing runs, or the supervisor does not answer (reported on stderr). */
async function runningEnvironment(context: CliContext): Promise<{ env: string | null } | null> {
  try {
    const { client } = await openProject(context);
    if (!client) return null;
    const { env } = await client.request('status', {});
    client.close();
    return { env };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    context.stderr.write(`warning: which one runs is not known: ${escapeControls(error.message)}\n`);
    return null;
  }
}

/** `personal`: the overlay that each has on top, null without one. */
type LoadedRows = { rows: EnvironmentRow[]; personal: string | null };

/** procs.yaml alone first. The one that runs is listed even if its overlay is gone. */
async function loadRows(context: CliContext, running: { env: string | null } | null): Promise<LoadedRows> {
  const [{ loadConfig }, { listEnvironments }, { diskSource }, comparison] = await Promise.all([
    import('../../config/load-config.ts'),
    import('../../config/files/merge-config-files.ts'),
    import('../../config/files/file-source.ts'),
    import('../../plan/compare-configs.ts'),
  ]);
  const { file, environment, stateDir } = context;
  const names = new Set<string | null>([null, ...(await listEnvironments({ source: diskSource }, file))]);
  if (running) names.add(running.env);
  // One of several overlays is listed if it is selected.
  if (layersOf(context.env).length > 1) names.add(context.env);
  const loaded = await Promise.all(
    [...names].map(async (env) => ({ env, result: await loadConfig({ file, env, environment, stateDir }) })),
  );
  const alone = loaded[0]!.result;
  const personal = loaded.flatMap(({ env, result }) =>
    result.ok ? (personalOverlayIn(result.accepted.files, env) ?? []) : [],
  );
  const rows = loaded.map(({ env, result }): EnvironmentRow => {
    const config = result.ok ? result.accepted.config : null;
    const changes: ConfigDifference | null =
      env !== null && config && alone.ok ? comparison.compareConfigs(alone.accepted.config, config) : null;
    return {
      name: env,
      file: env === null ? basename(file) : overlaysOf(basename(file), env),
      runs: running !== null && running.env === env,
      selected: context.env === env,
      status: result.ok ? 'valid' : 'rejected',
      project: config?.project ?? null,
      services: config?.services.length ?? null,
      instances: config && comparison.instancesOf(config),
      changes,
      problems: result.ok ? result.accepted.warnings : result.problems,
    };
  });
  return { rows, personal: personal[0] ?? null };
}

const overlaysOf = (file: string, env: string): string =>
  layersOf(env)
    .map((layer) => overlayOf(file, layer))
    .join(', ');

/** A problem of procs.yaml is one of every environment: it is shown once. */
function problemLines(rows: EnvironmentRow[]): string[] {
  const shown = new Map<string, { problem: Problem; names: string[] }>();
  for (const { name, problems } of rows) {
    for (const problem of problems.filter(({ severity }) => severity === 'error')) {
      const key = JSON.stringify([problem.file, problem.line, problem.column, problem.message]);
      const known = shown.get(key);
      if (known) known.names.push(name ?? '(none)');
      else shown.set(key, { problem, names: [name ?? '(none)'] });
    }
  }
  const lines = [...shown.values()].map(({ problem, names }) =>
    escapeControls(`${names.join(', ')}: ${formatPosition(problem)}${problem.message}`),
  );
  return lines.length === 0 ? [] : ['', ...lines];
}
