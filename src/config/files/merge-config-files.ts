// procs.yaml, the overlays of the environment in their order, and the personal overlay -> one merged tree. Later ones win.
import { basename, dirname, extname } from 'node:path';
import { isPersonalLeftOut, layersOf, overlayOf, PERSONAL } from '../../core/environment-name.ts';
import { fileProblem, type ProblemText, quote, warningAt } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { mergeTrees } from '../tree/merge.ts';
import type { MapTree } from '../tree/tree.ts';
import { displayPath, type LoadContext } from './load-context.ts';
import { readConfigFile } from './read-config-file.ts';

const ENV_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** @returns null when a file is missing, unreadable or not valid YAML; the reasons are in `context.problems`. */
export async function mergeConfigFiles(context: LoadContext, env: string | null): Promise<MapTree | null> {
  let merged = await readBase(context, context.file);
  const layers = layersOf(env);
  for (const [index, layer] of layers.entries()) {
    const overlay =
      layers.indexOf(layer) < index ? reportTwice(context, layer) : await readOverlay(context, context.file, layer);
    merged = merged && overlay && mergeTrees(merged, overlay);
  }
  if (layers.includes(PERSONAL) || isPersonalLeftOut(context.environment)) return merged;
  const personal = await readPersonal(context);
  if (personal === 'missing') return merged;
  return merged && personal && mergeTrees(merged, personal);
}

/** It is not in git: for a commit, it is read from the disk. */
async function readPersonal(context: LoadContext): Promise<MapTree | null | 'missing'> {
  const file = { path: overlayOf(context.file, PERSONAL), base: context.root, named: null };
  const read = await readConfigFile(context, file, 'part');
  const { untracked } = context.source;
  return read === 'missing' && untracked ? readConfigFile({ ...context, source: untracked }, file, 'part') : read;
}

async function readBase(context: LoadContext, file: string): Promise<MapTree | null> {
  const tree = await readConfigFile(context, { path: file, base: context.root, named: null }, 'base');
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
  if (!ENV_NAME.test(env)) return reportBadEnvName(context, file, env);
  const overlay = overlayOf(file, env);
  const included = context.included.get(overlay);
  if (included) context.problems.push(warningAt(included.at, mergedTwice(basename(overlay), env)));
  const tree = await readConfigFile(context, { path: overlay, base: context.root, named: null }, 'part');
  if (tree !== 'missing') return tree;
  const message = `unknown environment ${quote(env)}: ${basename(overlay)} does not exist`;
  const hint =
    suggestionHint(env, await listEnvironments(context, file), 'environments here') ??
    `the project has no overlay: create ${basename(overlay)}, or leave out --env`;
  return reportFile(context, overlay, { code: 'missing-overlay', message, hint });
}

const mergedTwice = (overlay: string, env: string): ProblemText => ({
  code: 'included-twice',
  message: `${overlay} is included here, and is merged again as the overlay of ${quote(env)}`,
  hint: 'rename it, or leave out the include: lists that it extends get its items twice',
});

function reportBadEnvName(context: LoadContext, file: string, env: string): null {
  const message = `${quote(env)} is not a valid environment name`;
  const hint = 'letters, digits, `_`, `-` and `.`, beginning with a letter or digit';
  return reportFile(context, file, { code: 'bad-name', message, hint });
}

function reportTwice(context: LoadContext, env: string): null {
  const message = `the environment ${quote(env)} is named twice`;
  return reportFile(context, context.file, {
    code: 'bad-name',
    message,
    hint: 'each overlay is merged once: name it once',
  });
}

function reportFile({ root, problems }: LoadContext, file: string, wording: ProblemText): null {
  problems.push(fileProblem(displayPath(root, file), wording));
  return null;
}

/** Names of the environments whose overlay exists, without the personal one. */
export async function listEnvironments(context: Pick<LoadContext, 'source'>, file: string): Promise<string[]> {
  const extension = extname(file);
  const prefix = `${basename(file, extension)}.`;
  const names = (await context.source.list(dirname(file))).filter(
    (name) => name.startsWith(prefix) && name.endsWith(extension) && name.length > prefix.length + extension.length,
  );
  return names
    .map((name) => name.slice(prefix.length, -extension.length))
    .filter((name) => ENV_NAME.test(name) && name !== PERSONAL)
    .sort();
}
