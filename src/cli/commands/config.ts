// `orch config`: the configuration as it takes effect, merged and expanded, with secrets masked. What it prints can be
// loaded again; --explain puts the file and line of every value behind it.
import type { Tree } from '../../config/tree/tree.ts';
import { printProblems } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';

export async function runConfig(context: CliContext, options: { explain?: boolean }): Promise<ExitCode> {
  const [{ loadTree }, { effectiveTree, originOf }, { printYaml, toMaskedPlain }] = await Promise.all([
    import('../../config/load-config.ts'),
    import('../../config/effective.ts'),
    import('../../config/print-yaml.ts'),
  ]);
  const { file, env, environment } = context;
  const { built: digested, problems } = await loadTree({ file, env, environment });
  if (!digested) {
    printProblems(context, problems);
    return 2;
  }
  if (problems.length > 0) printProblems({ ...context, json: false }, problems);
  const explain = options.explain ?? false;
  const tree = effectiveTree(digested, { defaults: explain });
  if (!context.json) {
    context.stdout.write(printYaml(tree, explain ? originOf : null));
    return 0;
  }
  const plain = toMaskedPlain(tree);
  context.stdout.write(`${JSON.stringify(explain ? { config: plain, origins: origins(tree, originOf) } : plain)}\n`);
  return 0;
}

/** `services.api.pool` -> `procs.yaml:12`, for every value that is no map. */
function origins(tree: Tree, originOf: (at: Tree['at']) => string, path = ''): Record<string, string> {
  if (tree.kind !== 'map') return { [path]: originOf(tree.at) };
  const parts = [...tree.entries.values()].map(({ key, value }) =>
    origins(value, originOf, path === '' ? key : `${path}.${key}`),
  );
  return Object.assign({}, ...parts);
}
