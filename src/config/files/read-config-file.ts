// One configuration file with everything that it includes -> one tree. Includes come first, later ones win, then the file
// itself.
import { basename, dirname, extname, resolve } from 'node:path';
import { type ProblemText, problemAt, quote } from '../problem/problem.ts';
import { describePlace, type Span } from '../problem/source-file.ts';
import { mergeTrees } from '../tree/merge.ts';
import { relativeTo } from '../tree/relative-paths.ts';
import { childOf, itemsOf, type MapTree, type Tree, withoutKeys } from '../tree/tree.ts';
import type { FileRole } from '../yaml/library-yaml.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';
import { findIncluded, isIncludeGlob } from './include-globs.ts';
import { type IncludeItem, NOT_A_LIST_OF_PATHS, readIncludeItem } from './include-item.ts';
import { displayPath, type LoadContext, readText } from './load-context.ts';

const MAX_FILES = 500;

/** How a file is reached. */
export type Inclusion = {
  path: string;
  /** The directory that its paths are relative to, absolute. */
  base: string;
  /** Where it is named, and by which file; null for procs.yaml and overlays. */
  named: { at: Span; by: Inclusion } | null;
};

/** @returns null when it, or a file that it includes, is unreadable or not valid; the reasons are in `context.problems`. */
export async function readConfigFile(
  context: LoadContext,
  file: Inclusion,
  role: FileRole,
): Promise<MapTree | null | 'missing'> {
  const source = await readText(context, file.path, file.named?.at ?? null);
  if (source === 'missing') return 'missing';
  if (source === 'bad') return null;
  const { tree, problems } = await parseYaml(source, role);
  context.problems.push(...problems);
  if (!tree) return null;
  const included = await readIncludes(context, file, childOf(tree, 'include'));
  if (included === 'bad') return null;
  const base = displayPath(context.root, file.base);
  const bare = withoutKeys(tree, ['include']);
  const own = base === '' ? bare : relativeTo(base, bare);
  return included ? mergeTrees(included, own) : own;
}

type Included = MapTree | null | 'bad';

async function readIncludes(context: LoadContext, by: Inclusion, include: Tree | undefined): Promise<Included> {
  if (!include) return null;
  if (include.kind !== 'list') {
    const hint =
      include.kind === 'scalar' && typeof include.value === 'string' ? `write \`include: [${include.value}]\`` : null;
    return report(context, include.at, { code: 'wrong-type', message: NOT_A_LIST_OF_PATHS, hint });
  }
  let merged: MapTree | null = null;
  let isBad = false;
  for (const tree of itemsOf(include)) {
    const item = readIncludeItem(context, tree);
    const included = item ? await readItem(context, by, item) : 'bad';
    if (included === 'bad') isBad = true;
    else if (included) merged = merged ? mergeTrees(merged, included) : included;
  }
  return isBad ? 'bad' : merged;
}

async function readItem(context: LoadContext, by: Inclusion, item: IncludeItem): Promise<Included> {
  const directory = dirname(by.path);
  if (await isIncludeGlob(context, directory, item.name)) return readMatches(context, by, item);
  const path = resolve(directory, item.name);
  const tree = await readIncluded(context, inclusionOf(path, by, item));
  if (tree !== 'missing') return tree;
  if (item.isOptional) return null;
  const message = `the included file ${quote(item.name)} does not exist`;
  const hint = `orch looks for it at ${displayPath(context.root, path)}; write "?${item.name}" if it may be missing`;
  return report(context, item.at, { code: 'missing-file', message, hint });
}

async function readMatches(context: LoadContext, by: Inclusion, item: IncludeItem): Promise<Included> {
  const found = await findIncluded(context, dirname(by.path), item.name);
  if (typeof found === 'string') return report(context, item.at, GLOB_PROBLEMS[found]);
  let merged: MapTree | null = null;
  let [matches, isBad] = [0, false];
  for (const path of found.filter((match) => !isReadAnyway(context, by, match))) {
    const tree = await readIncluded(context, inclusionOf(path, by, item));
    if (tree === 'missing') continue;
    matches++;
    if (tree === 'bad') isBad = true;
    else if (tree) merged = merged ? mergeTrees(merged, tree) : tree;
  }
  if (isBad) return 'bad';
  if (matches > 0 || item.isOptional) return merged;
  const message = `no file matches ${quote(item.name)}`;
  const where = displayPath(context.root, dirname(by.path)) || 'the directory of procs.yaml';
  const hint = `orch looks below ${where}; write "?${item.name}" if there may be none`;
  return report(context, item.at, { code: 'missing-file', message, hint });
}

const GLOB_PROBLEMS: Record<'too-deep' | 'too-many', ProblemText> = {
  'too-deep': {
    code: 'bad-value',
    message: '`include` does not search all directories below: `**` is not allowed',
    hint: 'write one `*` for each level, for example services/*/procs.yaml',
  },
  'too-many': {
    code: 'too-many-files',
    message: 'the glob looks into more than 2,000 directories',
    hint: 'begin it with the names of directories',
  },
};

/** Files that are being read, and overlays, which count only when their environment is chosen. */
function isReadAnyway({ file }: LoadContext, by: Inclusion, path: string): boolean {
  if (chainOf(by).some((above) => above.path === path)) return true;
  const extension = extname(file);
  const prefix = `${basename(file, extension)}.`;
  const name = basename(path);
  const isOverlay = name.startsWith(prefix) && name.endsWith(extension) && name.length > basename(file).length;
  return path === file || (isOverlay && dirname(path) === dirname(file));
}

function inclusionOf(path: string, by: Inclusion, { at, isRelative }: IncludeItem): Inclusion {
  return { path, base: isRelative ? dirname(path) : by.base, named: { at, by } };
}

async function readIncluded(context: LoadContext, file: Inclusion): Promise<Included | 'missing'> {
  const { at } = file.named!;
  const chain = chainOf(file);
  const first = chain.slice(0, -1).findIndex(({ path }) => path === file.path);
  if (first !== -1) return report(context, at, cycleProblem(context, chain.slice(first + 1)));
  // A file that was already read elsewhere is skipped: its first place counts.
  const before = context.included.get(file.path);
  if (before && before.base !== file.base) {
    const [one, other] = [before.base, file.base].map((base) => displayPath(context.root, base) || 'the project');
    const message = `${displayPath(context.root, file.path)} is included twice, with paths relative to ${one} and to ${other}`;
    const hint = `it is first named in ${describePlace(before.at)}: write both with \`as: relative\`, or none`;
    return report(context, at, { code: 'included-twice', message, hint });
  }
  if (context.watched.has(file.path)) return isMissing(context, file.path) ? 'missing' : null;
  if (context.included.size >= MAX_FILES)
    return report(context, at, { code: 'too-many-files', message: `more than ${MAX_FILES} files are included` });
  context.included.set(file.path, { at, base: file.base });
  return (await readConfigFile(context, file, 'part')) ?? 'bad';
}

const isMissing = ({ watched }: LoadContext, path: string): boolean => watched.get(path)?.contentHash === null;

/** From procs.yaml or the overlay down to the file. */
function chainOf(file: Inclusion): Inclusion[] {
  return file.named ? [...chainOf(file.named.by), file] : [file];
}

/** @param round the files of the cycle; the last one is the first one again */
function cycleProblem({ root }: LoadContext, round: Inclusion[]): ProblemText {
  const steps = round.map(({ path, named }) => `${describePlace(named!.at)} includes ${displayPath(root, path)}`);
  return { code: 'include-cycle', message: `include cycle: ${steps.join(', ')}`, hint: 'remove one of these includes' };
}

function report({ problems }: LoadContext, at: Span, wording: ProblemText): 'bad' {
  problems.push(problemAt(at, wording));
  return 'bad';
}
