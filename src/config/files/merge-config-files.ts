// procs.yaml, what it includes and the overlay of the environment -> one merged tree. Includes come first, later ones
// win, then the file itself, then the overlay.
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileProblem, problemAt, quote } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { expandPartly, expandTemplate } from '../tree/template.ts';
import { childOf, itemsOf, type MapTree, mergeTrees, type Tree, withoutKeys } from '../tree/tree.ts';
import { type FileRole, parseYaml } from '../yaml/parse-yaml.ts';
import { displayPath, environmentVariable, type LoadContext, readText } from './load-context.ts';

const MAX_FILES = 100;
const ENV_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** @returns null when a file is missing, unreadable or no YAML; the reasons are in `reading.problems`. */
export async function mergeConfigFiles(
  reading: LoadContext,
  file: string,
  env: string | null,
): Promise<MapTree | null> {
  const overlay = env === null ? null : overlayPath(file, env);
  const base = await readBase(reading, file);
  if (env === null) return base;
  const over = ENV_NAME.test(env)
    ? await readOverlay(reading, file, overlay!, env)
    : reportBadEnvName(reading, file, env);
  return base && over ? (mergeTrees(base, over) as MapTree) : null;
}

/** `procs.dev.yaml` beside `procs.yaml`. */
export function overlayPath(file: string, env: string): string {
  const extension = extname(file);
  return join(dirname(file), `${basename(file, extension)}.${env}${extension}`);
}

async function readBase(reading: LoadContext, file: string): Promise<MapTree | null> {
  const tree = await readFile(reading, file, [], null);
  if (tree !== 'missing') return tree;
  const twin = file.endsWith('.yaml') ? file.replace(/\.yaml$/, '.yml') : file.replace(/\.yml$/, '.yaml');
  const hasTwin = twin !== file && (await reading.source.list(dirname(file))).includes(basename(twin));
  reading.problems.push(
    fileProblem(displayPath(reading.root, file), {
      code: 'missing-file',
      message: `there is no ${basename(file)} in ${dirname(file)}`,
      hint: hasTwin
        ? `there is a ${basename(twin)}: name it with -f, or rename it`
        : 'run `orch init` to write one, or name another file with -f',
    }),
  );
  return null;
}

async function readOverlay(reading: LoadContext, file: string, overlay: string, env: string): Promise<MapTree | null> {
  const tree = await readFile(reading, overlay, [], null, 'part');
  if (tree !== 'missing') return tree;
  const names = await listEnvironments(reading, file);
  reading.problems.push(
    fileProblem(displayPath(reading.root, overlay), {
      code: 'missing-overlay',
      message: `there is no environment ${quote(env)}: ${basename(overlay)} does not exist`,
      hint:
        suggestionHint(env, names, 'environments here') ??
        `there is no overlay at all: create ${basename(overlay)}, or leave out --env`,
    }),
  );
  return null;
}

function reportBadEnvName(reading: LoadContext, file: string, env: string): null {
  reading.problems.push(
    fileProblem(displayPath(reading.root, file), {
      code: 'bad-name',
      message: `${quote(env)} is no name of an environment`,
      hint: 'letters, digits, `_`, `-` and `.`, beginning with a letter or digit',
    }),
  );
  return null;
}

/** Names of the overlays that exist. */
export async function listEnvironments(reading: Pick<LoadContext, 'source'>, file: string): Promise<string[]> {
  const extension = extname(file);
  const prefix = `${basename(file, extension)}.`;
  const names = (await reading.source.list(dirname(file))).filter(
    (name) => name.startsWith(prefix) && name.endsWith(extension) && name.length > prefix.length + extension.length,
  );
  return names.map((name) => name.slice(prefix.length, -extension.length)).sort();
}

/**
 * @param chain the files that led here, outermost first, for cycles
 * @param named where the file is named; null for procs.yaml and overlays
 */
async function readFile(
  reading: LoadContext,
  path: string,
  chain: string[],
  named: Span | null,
  role: FileRole = 'base',
): Promise<MapTree | null | 'missing'> {
  const source = await readText(reading, path, named);
  if (source === 'missing') return 'missing';
  if (source === 'bad') return null;
  const { tree, problems } = await parseYaml(source, role);
  reading.problems.push(...problems);
  if (!tree) return null;
  const below = await readIncludes(reading, path, childOf(tree, 'include'), [...chain, path]);
  const own = withoutKeys(tree, ['include']);
  return below === 'bad' ? null : below ? (mergeTrees(below, own) as MapTree) : own;
}

async function readIncludes(
  reading: LoadContext,
  path: string,
  include: Tree | undefined,
  chain: string[],
): Promise<MapTree | null | 'bad'> {
  if (!include) return null;
  if (include.kind !== 'list') {
    const hint =
      include.kind === 'scalar' && typeof include.value === 'string' ? `write \`include: [${include.value}]\`` : null;
    reading.problems.push(
      problemAt(include.at, { code: 'wrong-type', message: '`include` must be a list of paths', hint }),
    );
    return 'bad';
  }
  let merged: MapTree | null = null;
  let isBad = false;
  for (const item of itemsOf(include)) {
    const tree = await readInclude(reading, dirname(path), item, chain);
    if (tree === 'bad') isBad = true;
    else if (tree) merged = merged ? (mergeTrees(merged, tree) as MapTree) : tree;
  }
  return isBad ? 'bad' : merged;
}

async function readInclude(
  reading: LoadContext,
  directory: string,
  item: Tree,
  chain: string[],
): Promise<MapTree | null | 'bad'> {
  const name = includedName(reading, item);
  if (name === null) return 'bad';
  const path = resolve(directory, name);
  const refused = rejectInclude(reading, path, item.at, chain);
  if (refused) return refused === 'again' ? null : 'bad';
  const tree = await readFile(reading, path, chain, item.at, 'part');
  if (tree === 'missing') {
    const message = `the included file ${quote(name)} does not exist`;
    const hint = `it is looked for at ${displayPath(reading.root, path)}`;
    reading.problems.push(problemAt(item.at, { code: 'missing-file', message, hint }));
    return 'bad';
  }
  return tree ?? 'bad';
}

/** A cycle is an error; a file that was already read elsewhere is skipped: it counts where it stood first. */
function rejectInclude(reading: LoadContext, path: string, at: Span, chain: string[]): 'again' | 'error' | null {
  const start = chain.indexOf(path);
  if (start !== -1) {
    const circle = [...chain.slice(start), path].map((file) => displayPath(reading.root, file)).join(' -> ');
    reading.problems.push(
      problemAt(at, {
        code: 'include-cycle',
        message: `files include one another in a circle: ${circle}`,
        hint: 'take one of these includes out',
      }),
    );
    return 'error';
  }
  if (reading.watched.has(path)) return 'again';
  if (reading.watched.size < MAX_FILES) return null;
  reading.problems.push(
    problemAt(at, { code: 'too-many-files', message: `more than ${MAX_FILES} files are included` }),
  );
  return 'error';
}

function includedName(reading: LoadContext, item: Tree): string | null {
  if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '') {
    reading.problems.push(problemAt(item.at, { code: 'wrong-type', message: '`include` must be a list of paths' }));
    return null;
  }
  const expanded = expandPartly(
    item.value,
    (name) => environmentVariable(reading, name),
    () => false,
  );
  if (expanded.ok) return (expandTemplate(expanded.text, {}) as { text: string }).text;
  for (const { code, message, hint } of expanded.problems)
    reading.problems.push(problemAt(item.at, { code, message, hint }));
  return null;
}
