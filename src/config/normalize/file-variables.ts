// `vars` of the file: texts that the file uses as `${NAME}` and programs do not get. They win over the environment, so that
// the file means the same in every shell; `REGION: "${REGION:-eu}"` lets the environment win. They may use each other.
import type { Problem } from '../../core/load-result.ts';
import type { ProjectConfig } from '../../core/spec.ts';
import { problemAt, quote, warningAt } from '../problem/problem.ts';
import { expandTree } from '../tree/expand.ts';
import { differsByInstance, RESERVED_VARIABLES } from '../tree/instance-variables.ts';
import { escapeTemplate, type Lookup, variablesOf } from '../tree/template.ts';
import {
  entriesOf,
  isNull,
  literalOf,
  type MapTree,
  placeOf,
  type Tree,
  type TreeEntry,
  textOf,
  withEntry,
} from '../tree/tree.ts';

type Options = { env: string | null; problems: Problem[] };

/** @returns the value of a name among `vars`, otherwise what `outer` says. A value is expanded when it is first asked for. */
export function withFileVariables(vars: Tree | undefined, outer: Lookup, options: Options): Lookup {
  const entries = new Map(declaredIn(vars).map((entry) => [entry.key, entry]));
  if (entries.size === 0) return outer;
  const values = new Map<string, string>();
  const resolving: string[] = [];
  const lookup: Lookup = (name) => {
    const entry = entries.get(name);
    if (!entry || name === resolving.at(-1)) return outer(name);
    if (resolving.includes(name)) {
      options.problems.push(cycleProblem(entry, resolving));
      return '';
    }
    const known = values.get(name);
    if (known !== undefined) return known;
    resolving.push(name);
    const expanded = expandTree(entry.value, { lookup, isKept: () => false, ...options }, ['vars', name]);
    resolving.pop();
    values.set(name, literalOf(expanded) ?? textOf(expanded));
    return values.get(name);
  };
  return lookup;
}

/** @returns the file with each of its `vars` filled in, which reports what is wrong with any of them. */
export function expandFileVariables(file: MapTree, lookup: Lookup, { problems }: Options): MapTree {
  const vars = file.entries.get('vars')?.value;
  if (vars?.kind !== 'map') return file;
  const entries = new Map(vars.entries);
  for (const entry of declaredIn(vars).filter(isText)) {
    const wrong = refuse(entry);
    if (wrong) problems.push(wrong);
    const value = wrong ? '' : escapeTemplate(lookup(entry.key) ?? '');
    entries.set(entry.key, { ...entry, value: { ...entry.value, value } as Tree });
  }
  return withEntry(file, 'vars', { ...vars, entries });
}

/** The shell that runs a command does not know them. */
export function warnOfShellVariables(
  file: MapTree,
  config: ProjectConfig,
  tree: Tree,
  isInEnvironment: (name: string) => boolean,
): Problem[] {
  const names = declaredIn(file.entries.get('vars')?.value).map(({ key }) => key);
  if (names.length === 0) return [];
  return config.services.flatMap(({ name, command, env }) => {
    if (command.kind !== 'shell') return [];
    const used = [...command.line.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, variable]) => variable!);
    const unknown = used.find((one) => names.includes(one) && !Object.hasOwn(env, one) && !isInEnvironment(one));
    if (unknown === undefined) return [];
    const message = `the shell runs this line and does not know ${unknown}, which is among \`vars\``;
    const hint = `add \`${unknown}: \${${unknown}}\` to \`env\`, or write the command as a list`;
    return [warningAt(placeOf(tree, ['services', name, 'command']), { code: 'var-in-shell', message, hint })];
  });
}

/** Also a number, which the schema refuses: what uses it is not wrong as well. */
const declaredIn = (vars: Tree | undefined): TreeEntry[] =>
  entriesOf(vars).filter(({ value }) => value.kind === 'scalar' && !isNull(value));

const isText = ({ value }: TreeEntry): boolean => value.kind === 'scalar' && typeof value.value === 'string';

function refuse({ key, keyAt, value }: TreeEntry): Problem | null {
  if (key === 'PORT' || RESERVED_VARIABLES.has(key)) {
    const message = `the variable ${quote(key)} is set by orch for every instance and cannot be declared`;
    return problemAt(keyAt, { code: 'reserved-variable', message, hint: 'choose another name' });
  }
  const variable = variablesOf(textOf(value)).find(({ name }) => name.includes('.port') || differsByInstance(name));
  if (!variable) return null;
  const message = `\`vars\` are the same for the whole file, but ${quote(variable.name)} is not`;
  return problemAt(value.at, { code: 'bad-value', message, hint: 'write it where it is used' });
}

function cycleProblem({ key, keyAt }: TreeEntry, resolving: string[]): Problem {
  const round = [...resolving.slice(resolving.indexOf(key)), key].join(', ');
  const message = `\`vars\` that use each other: ${round}`;
  return problemAt(keyAt, { code: 'variable-cycle', message, hint: 'write one of them without the other' });
}
