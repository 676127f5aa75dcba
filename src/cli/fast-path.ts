// Reads the command line of `orch ps` without commander: loading commander would take a tenth of the whole run.
// It knows only what the tables define. For every other line it returns null, and commander reports errors or helps.
import {
  type CommandDefinition,
  globalOptions,
  joinValues,
  type OptionDefinition,
  spellingsOf,
  takesValue,
} from './context/definition.ts';

export type SimpleLine = { options: Record<string, string | boolean> };

/**
 * @param argv without node and script. @returns null when the line is not plainly `[options] <command> [options]`;
 * otherwise exactly what commander would make of it (a test compares them).
 */
export function parseSimpleLine(
  argv: string[],
  command: Pick<CommandDefinition, 'name' | 'options'>,
): SimpleLine | null {
  const options: Record<string, string | boolean> = {};
  let known = globalOptions;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]!;
    if (word === command.name && known === globalOptions) {
      known = [...globalOptions, ...command.options];
      continue;
    }
    const option = known.find((one) => spellingsOf(one).includes(word));
    if (!option || option.value) return null;
    const value = takesValue(option) ? argv[++at] : !word.startsWith('--no-');
    if (value === undefined || (typeof value === 'string' && value.startsWith('-'))) return null;
    const key = keyOf(option);
    const before = options[key];
    options[key] =
      option.repeats && typeof value === 'string' && typeof before === 'string' ? joinValues(before, value) : value;
  }
  return known === globalOptions ? null : { options };
}

/** `-d, --dry-run` → `dryRun`, `--no-color` → `color`. */
function keyOf(option: OptionDefinition): string {
  const long = /--(?:no-)?([a-z-]+)/.exec(option.flags)![1]!;
  return long.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
