// Fills variables into every string of a tree, except into commands that a shell runs. Variables of an instance stay, as a
// template (template.ts), so that the result can be expanded again, hashed or printed.
import type { Problem } from '../../core/load-result.ts';
import { PORT_REFERENCES, parsePortReference } from '../../core/ports.ts';
import { isSecretKey, MAX_MASKED_CHARACTERS, maskLine } from '../problem/masking.ts';
import { problemAt, warningAt } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { INSTANCE_VARIABLES } from './instance-variables.ts';
import {
  type Expansion,
  expandPartly,
  expandTemplate,
  type Lookup,
  type TemplateProblem,
  variablesOf,
} from './template.ts';
import { type ListTree, type ScalarTree, type Tree, withValues } from './tree.ts';

/** Keys of a service that the shell expands; `*` is any key. */
const SHELL_PLACES = [
  'command',
  'env.*.secret.command',
  'stop.command',
  'reload.command',
  'stop.drain.exec',
  'hooks.*',
  'hooks.before_start.command',
  'watch.run',
  'readiness.exec',
  'liveness.exec',
  'startup.exec',
].map((place) => place.split('.'));

export type ExpandOptions = {
  lookup: Lookup;
  /** Variables that stay as they are written. */
  isKept: (name: string) => boolean;
  /** Name of the environment: ORCH_ENV is known at load and may be empty. */
  env: string | null;
  problems: Problem[];
  /** Called for each `${api.port}`. */
  onPortReference?: (reference: WrittenPortReference) => void;
};

/** `isInShell`: where the shell expands variables, which does not know it. */
export type WrittenPortReference = { name: string; at: Span; isInShell: boolean };

/** A linked list from the innermost key outwards: only the rare string with a variable needs the whole path. */
type KeyPath = { key: string; above: KeyPath } | null;

/** @param path of the tree, from the top of the file */
export function expandTree(tree: Tree, options: ExpandOptions, path: readonly string[] = []): Tree {
  const start = path.reduce<KeyPath>((above, key) => ({ key, above }), null);
  return expand(tree, options, start);
}

function expand(tree: Tree, options: ExpandOptions, path: KeyPath): Tree {
  if (tree.kind === 'scalar') {
    const hasVariable = typeof tree.value === 'string' && tree.value.includes('$');
    return completePath(hasVariable ? expandScalar(tree, options, path) : tree);
  }
  if (tree.kind === 'list') return expandList(tree, options, path);
  const filled = withValues(tree, (value, key) => expand(value, options, { key, above: path }));
  const after = tree.after && (expandList(tree.after, options, path) as ListTree);
  return after === tree.after ? filled : { ...filled, ...(after && { after }) };
}

function completePath(tree: ScalarTree): ScalarTree {
  if (!tree.complete) return tree;
  const { complete, ...rest } = tree;
  return { ...rest, value: complete(String(tree.value)) };
}

function expandList(tree: ListTree, options: ExpandOptions, path: KeyPath): Tree {
  const items = tree.items.map((item) => expand(item, options, { key: '', above: path }));
  return items.some((item, index) => item !== tree.items[index]) ? { ...tree, items } : tree;
}

function expandScalar(tree: ScalarTree, options: ExpandOptions, path: KeyPath): ScalarTree {
  if (isShellPlace(path)) {
    for (const [written, name] of String(tree.value).matchAll(PORT_REFERENCES))
      options.onPortReference?.({ name: name!, at: spanWithin(tree.at, written), isInShell: true });
    return tree;
  }
  const partly = expandPartly(String(tree.value), options.lookup, options.isKept);
  const expansion = partly.ok ? tryForInstance(partly, options.env) : partly;
  if (!expansion.ok) {
    const hidden = isSecretPlace(tree, path);
    for (const problem of expansion.problems) options.problems.push(templateProblem(tree, problem, hidden));
    return tree;
  }
  warnOfBareVariable(tree, path, options.problems);
  if (options.onPortReference && expansion.text.includes('.port')) {
    for (const { name } of variablesOf(expansion.text).filter(({ name }) => parsePortReference(name) !== null))
      options.onPortReference({ name, at: spanWithin(tree.at, `\${${name}}`), isInShell: false });
  }
  if (expansion.text === tree.value) return tree;
  return { ...tree, value: expansion.text, expanded: true };
}

/** The supervisor must never get a template that it cannot fill in. */
function tryForInstance(partly: Expansion & { ok: true }, env: string | null): Expansion {
  const vars = Object.fromEntries(INSTANCE_VARIABLES.map((name) => [name, name === 'ORCH_ENV' ? (env ?? '') : '1']));
  const whole = expandTemplate(partly.text, vars, (name) => (parsePortReference(name) ? '1' : undefined));
  return whole.ok ? partly : whole;
}

function isShellPlace(innermost: KeyPath): boolean {
  const path: string[] = [];
  for (let step = innermost; step; step = step.above) path.unshift(step.key);
  const isOfProject = path[0] === 'env';
  const inService =
    path[0] === 'services' ? path.slice(2) : path[0] === 'defaults' ? path.slice(1) : isOfProject ? path : null;
  return SHELL_PLACES.some(
    (place) =>
      inService?.length === place.length && place.every((step, index) => step === '*' || step === inService[index]),
  );
}

/** Messages about a secret quote only the names within well-formed `${NAME}`. */
function isSecretPlace({ value }: ScalarTree, path: KeyPath): boolean {
  const keys = [path?.key ?? '', path?.above?.key ?? ''];
  const text = String(value).slice(0, MAX_MASKED_CHARACTERS);
  return keys.some(isSecretKey) || maskLine(text) !== text;
}

/** `$HOME` is not expanded, but most often `${HOME}` was meant. */
function warnOfBareVariable(tree: ScalarTree, path: KeyPath, problems: Problem[]): void {
  const bare = /(?<!\$)(?:\$\$)*\$([A-Za-z_][A-Za-z0-9_]*)/.exec(String(tree.value));
  if (!bare) return;
  const hidden = isSecretPlace(tree, path);
  const name = hidden ? 'NAME' : bare[1]!;
  problems.push(
    warningAt(hidden ? tree.at : spanWithin(tree.at, `$${name}`), {
      code: 'bare-variable',
      message: hidden ? 'a $ before a name is taken literally' : `$${name} is taken literally`,
      hint: `write \${${name}} for the variable, or $$${name} for the text`,
    }),
  );
}

function templateProblem(tree: ScalarTree, problem: TemplateProblem, hidden: boolean): Problem {
  const { code, message, name } = problem;
  const hint = instanceHint(problem) ?? problem.hint;
  if (hidden && name === null)
    return problemAt(tree.at, { code, message: 'a ${ in it does not begin a variable', hint });
  const written = String(tree.value).slice(problem.at, problem.end);
  return problemAt(spanWithin(tree.at, written), { code, message, hint });
}

function instanceHint({ name, code }: TemplateProblem): string | null {
  if (code !== 'undefined-variable') return null;
  if (name === 'ORCH_ENV') return 'choose an environment with `-e NAME`';
  if (name === 'ORCH_PROJECT') return 'it is not available in `name`, `include` and the `env_files` of the project';
  if (name !== null && parsePortReference(name)) return 'the ports of services are not known here';
  if (name === 'PORT') return 'add `port: auto` or `port: 8000` to the service, and each instance gets its own';
  if (name === null || !name.startsWith('ORCH_')) return null;
  return suggestionHint(name, INSTANCE_VARIABLES, 'variables of an instance');
}

/** The place of a piece of text within the source of a scalar; the whole scalar where escapes or folds hide the piece. */
function spanWithin(at: Span, piece: string): Span {
  const offset = at.source.text.slice(at.start, at.end).indexOf(piece);
  return offset === -1 ? at : { source: at.source, start: at.start + offset, end: at.start + offset + piece.length };
}
