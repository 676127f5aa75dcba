// procs.yaml, what it includes and the overlay of the environment -> one merged tree. Includes come first, later ones
// win, then the file itself, then the overlay.
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileProblem, type ProblemText, problemAt, quote } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { expandPartly, expandTemplate } from '../tree/template.ts';
import { childOf, itemsOf, type MapTree, mergeTrees, type Tree, withoutKeys } from '../tree/tree.ts';
import type { FileRole } from '../yaml/library-yaml.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { displayPath, environmentVariable, type LoadContext, readText } from './load-context.ts';

const MAX_FILES = 100;
const ENV_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** @returns null when a file is missing, unreadable or not valid YAML; the reasons are in `context.problems`. */
export async function mergeConfigFiles(
  context: LoadContext,
  file: string,
  env: string | null,
): Promise<MapTree | null> {
  const base = await readBase(context, file);
  if (env === null) return base;
  const overlay = ENV_NAME.test(env) ? await readOverlay(context, file, env) : reportBadEnvName(context, file, env);
  return base && overlay ? mergeTrees(base, overlay) : null;
}

async function readBase(context: LoadContext, file: string): Promise<MapTree | null> {
  const tree = await readFile(context, file, [], null);
  if (tree !== 'missing') return tree;
  const twin = file.endsWith('.yaml') ? file.replace(/\.yaml$/, '.yml') : file.replace(/\.yml$/, '.yaml');
  const hasTwin = twin !== file && (await context.source.list(dirname(file))).includes(basename(twin));
  const message = `${basename(file)} does not exist in ${dirname(file)}`;
  const hint = hasTwin
    ? `there is a ${basename(twin)}: name it with -f, or rename it`
    : 'run `orch init` to write one, or name another file with -f';
  return reportFile(context, file, { code: 'missing-file', message, hint });
}

async function readOverlay(context: LoadContext, file: string, env: string): Promise<MapTree | null> {
  const overlay = overlayPath(file, env);
  const tree = await readFile(context, overlay, [], null, 'part');
  if (tree !== 'missing') return tree;
  const message = `unknown environment ${quote(env)}: ${basename(overlay)} does not exist`;
  const hint =
    suggestionHint(env, await listEnvironments(context, file), 'environments here') ??
    `the project has no overlay: create ${basename(overlay)}, or leave out --env`;
  return reportFile(context, overlay, { code: 'missing-overlay', message, hint });
}

/** `procs.dev.yaml` next to `procs.yaml`. */
export function overlayPath(file: string, env: string): string {
  const extension = extname(file);
  return join(dirname(file), `${basename(file, extension)}.${env}${extension}`);
}

function reportBadEnvName(context: LoadContext, file: string, env: string): null {
  const message = `${quote(env)} is not a valid environment name`;
  const hint = 'letters, digits, `_`, `-` and `.`, beginning with a letter or digit';
  return reportFile(context, file, { code: 'bad-name', message, hint });
}

function reportFile({ root, problems }: LoadContext, file: string, wording: ProblemText): null {
  problems.push(fileProblem(displayPath(root, file), wording));
  return null;
}

/** Names of the environments whose overlay exists. */
export async function listEnvironments(context: Pick<LoadContext, 'source'>, file: string): Promise<string[]> {
  const extension = extname(file);
  const prefix = `${basename(file, extension)}.`;
  const names = (await context.source.list(dirname(file))).filter(
    (name) => name.startsWith(prefix) && name.endsWith(extension) && name.length > prefix.length + extension.length,
  );
  return names
    .map((name) => name.slice(prefix.length, -extension.length))
    .filter((name) => ENV_NAME.test(name))
    .sort();
}

/**
 * @param chain the files that led here, outermost first, for cycles
 * @param named where the file is named; null for procs.yaml and overlays
 */
async function readFile(
  context: LoadContext,
  path: string,
  chain: string[],
  named: Span | null,
  role: FileRole = 'base',
): Promise<MapTree | null | 'missing'> {
  const source = await readText(context, path, named);
  if (source === 'missing') return 'missing';
  if (source === 'bad') return null;
  const { tree, problems } = await parseYaml(source, role);
  context.problems.push(...problems);
  if (!tree) return null;
  const included = await readIncludes(context, path, childOf(tree, 'include'), [...chain, path]);
  const own = withoutKeys(tree, ['include']);
  return included === 'bad' ? null : included ? mergeTrees(included, own) : own;
}

async function readIncludes(
  context: LoadContext,
  path: string,
  include: Tree | undefined,
  chain: string[],
): Promise<MapTree | null | 'bad'> {
  if (!include) return null;
  if (include.kind !== 'list') {
    const hint =
      include.kind === 'scalar' && typeof include.value === 'string' ? `write \`include: [${include.value}]\`` : null;
    return reportInclude(context, include.at, { code: 'wrong-type', message: NOT_A_LIST_OF_PATHS, hint });
  }
  let merged: MapTree | null = null;
  let isBad = false;
  for (const item of itemsOf(include)) {
    const tree = await readInclude(context, dirname(path), item, chain);
    if (tree === 'bad') isBad = true;
    else if (tree) merged = merged ? mergeTrees(merged, tree) : tree;
  }
  return isBad ? 'bad' : merged;
}

async function readInclude(
  context: LoadContext,
  directory: string,
  item: Tree,
  chain: string[],
): Promise<MapTree | null | 'bad'> {
  const name = includedName(context, item);
  if (name === null) return 'bad';
  const path = resolve(directory, name);
  const start = chain.indexOf(path);
  if (start !== -1) {
    const cycle = [...chain.slice(start), path].map((file) => displayPath(context.root, file)).join(' -> ');
    const hint = 'remove one of these includes';
    return reportInclude(context, item.at, { code: 'include-cycle', message: `include cycle: ${cycle}`, hint });
  }
  // A file that was already read elsewhere is skipped: its first place counts.
  if (context.watched.has(path)) return null;
  if (context.watched.size >= MAX_FILES) {
    const message = `more than ${MAX_FILES} files are included`;
    return reportInclude(context, item.at, { code: 'too-many-files', message });
  }
  const tree = await readFile(context, path, chain, item.at, 'part');
  if (tree !== 'missing') return tree ?? 'bad';
  const message = `the included file ${quote(name)} does not exist`;
  const hint = `orch looks for it at ${displayPath(context.root, path)}`;
  return reportInclude(context, item.at, { code: 'missing-file', message, hint });
}

function includedName(context: LoadContext, item: Tree): string | null {
  if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '') {
    reportInclude(context, item.at, { code: 'wrong-type', message: NOT_A_LIST_OF_PATHS });
    return null;
  }
  const expanded = expandPartly(
    item.value,
    (name) => environmentVariable(context, name),
    () => false,
  );
  if (expanded.ok) return (expandTemplate(expanded.text, {}) as { text: string }).text;
  for (const { code, message, hint } of expanded.problems) reportInclude(context, item.at, { code, message, hint });
  return null;
}

const NOT_A_LIST_OF_PATHS = '`include` must be a list of paths';

function reportInclude({ problems }: LoadContext, at: Span, wording: ProblemText): 'bad' {
  problems.push(problemAt(at, wording));
  return 'bad';
}
