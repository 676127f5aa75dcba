// `orch config`: prints the effective configuration, merged and expanded, with secrets masked. The output can be loaded
// again; --explain adds the file and line of every value.
import type { Tree } from '../../config/tree/tree.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';

type ConfigOptions = { explain?: boolean };

export const configCommand: CommandDefinition<ConfigOptions> = {
  name: 'config',
  group: 'Configuration',
  summary: 'print the effective configuration',
  details: 'Merged from all files, expanded, secrets masked.',
  arguments: [],
  options: [{ flags: '--explain', description: 'add the file and line of every value' }],
  examples: [
    ['orch -e prod config', 'the configuration of prod'],
    ['orch config --explain', 'where every value comes from'],
  ],
  run: runConfig,
};

async function runConfig(context: CliContext, options: ConfigOptions): Promise<ExitCode> {
  const [{ printProblems }, { loadTree }, { effectiveTree, originOf }, { printYaml, toMaskedPlain }] =
    await Promise.all([
      import('../context/configuration.ts'),
      import('../../config/load-config.ts'),
      import('../../config/effective.ts'),
      import('../../config/print-yaml.ts'),
    ]);
  const { file, env, environment, stateDir } = context;
  const { built, problems } = await loadTree({ file, env, environment, stateDir });
  if (!built) {
    printProblems(context, problems);
    return 2;
  }
  if (problems.length > 0) printProblems({ ...context, json: false }, problems);
  const explain = options.explain ?? false;
  const tree = effectiveTree(built, { defaults: explain });
  if (!context.json) {
    context.stdout.write(printYaml(tree, explain ? originOf : null));
    return 0;
  }
  const plain = toMaskedPlain(tree);
  context.stdout.write(`${JSON.stringify(explain ? { config: plain, origins: origins(tree, originOf) } : plain)}\n`);
  return 0;
}

/** `services.api.pool` -> `procs.yaml:12`, for every value that is not a map. */
function origins(tree: Tree, originOf: (at: Tree['at']) => string, path = ''): Record<string, string> {
  if (tree.kind !== 'map') return { [path]: originOf(tree.at) };
  const parts = [...tree.entries.values()].map(({ key, value }) =>
    origins(value, originOf, path === '' ? key : `${path}.${key}`),
  );
  return Object.assign({}, ...parts);
}
