// `orch config`: prints the effective configuration, merged and expanded, with secrets masked. The output can be loaded
// again; --explain adds where every value was written, and by which commit.
import type { MapTree, Tree } from '../../config/tree/tree.ts';
import type { PlaceOf } from '../../config/value-places.ts';
import { personalOverlayIn } from '../../core/environment-name.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';

type ConfigOptions = { explain?: boolean };

export const configCommand: CommandDefinition<ConfigOptions> = {
  name: 'config',
  group: 'Configuration',
  summary: 'print the effective configuration',
  details: 'Merged from all files, expanded, secrets masked.',
  arguments: [],
  options: [
    { flags: '--explain', description: 'add defaults, and the file, line, column and git commit of every value' },
  ],
  examples: [
    ['orch -e prod config', 'the configuration of prod'],
    ['orch config --explain', 'where every value comes from, and since when'],
  ],
  run: runConfig,
};

async function runConfig(context: CliContext, options: ConfigOptions): Promise<ExitCode> {
  const [{ loadTreeOrPrint }, { effectiveTree }, { printYaml, toMaskedPlain }] = await Promise.all([
    import('../context/configuration.ts'),
    import('../../config/effective.ts'),
    import('../../config/print-yaml.ts'),
  ]);
  const loaded = await loadTreeOrPrint(context);
  if (!loaded) return 2;
  const { built, accepted } = loaded;
  const personal = personalOverlayIn(accepted.files, context.env);
  if (personal !== null && !context.json)
    context.stdout.write(`# with ${escapeControls(personal)}, which is read last (--no-local leaves it out)\n`);
  if (options.explain) {
    const tree = effectiveTree(built, { defaults: true });
    context.stdout.write(context.json ? await explainedJson(tree) : await explainedYaml(tree));
    return 0;
  }
  const tree = effectiveTree(built, { defaults: false });
  context.stdout.write(context.json ? `${JSON.stringify(toMaskedPlain(tree))}\n` : printYaml(tree, null));
  return 0;
}

async function explainedYaml(tree: MapTree): Promise<string> {
  const [{ printYaml }, { readPlaces, printPlace }] = await Promise.all([
    import('../../config/print-yaml.ts'),
    import('../../config/value-places.ts'),
  ]);
  const placeOf = await readPlaces(tree);
  return printYaml(tree, (at) => printPlace(placeOf(at)));
}

/** `sources`: each value by its path; null: a default of orch. `origins`: the same as `file:line`, each list as one value. */
async function explainedJson(tree: MapTree): Promise<string> {
  const [{ toMaskedPlain }, { leavesOf, readPlaces }] = await Promise.all([
    import('../../config/print-yaml.ts'),
    import('../../config/value-places.ts'),
  ]);
  const placeOf = await readPlaces(tree);
  const sources = Object.fromEntries(leavesOf(tree).map(({ path, at }) => [path, placeOf(at)]));
  return `${JSON.stringify({ config: toMaskedPlain(tree), origins: origins(tree, placeOf), sources })}\n`;
}

/** `services.api.pool` -> `procs.yaml:12`, for every value that is not a map. */
function origins(tree: Tree, placeOf: PlaceOf, path = ''): Record<string, string> {
  if (tree.kind !== 'map') {
    const place = placeOf(tree.at);
    return { [path]: place ? `${place.file}:${place.line}` : 'default' };
  }
  const parts = [...tree.entries.values()].map(({ key, value }) =>
    origins(value, placeOf, path === '' ? key : `${path}.${key}`),
  );
  return Object.assign({}, ...parts);
}
