// procs.yaml, what it includes and the overlay of the environment -> one merged tree. The overlay wins.
import { basename, dirname, extname, join } from 'node:path';
import { fileProblem, type ProblemText, quote } from '../problem/problem.ts';
import { suggestionHint } from '../problem/suggest.ts';
import { type MapTree, mergeTrees } from '../tree/tree.ts';
import { displayPath, type LoadContext } from './load-context.ts';
import { readConfigFile } from './read-config-file.ts';

const ENV_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/** @returns null when a file is missing, unreadable or not valid YAML; the reasons are in `context.problems`. */
export async function mergeConfigFiles(context: LoadContext, env: string | null): Promise<MapTree | null> {
  const { file } = context;
  const base = await readBase(context, file);
  if (env === null) return base;
  const overlay = ENV_NAME.test(env) ? await readOverlay(context, file, env) : reportBadEnvName(context, file, env);
  return base && overlay ? mergeTrees(base, overlay) : null;
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
  const overlay = overlayPath(file, env);
  const tree = await readConfigFile(context, { path: overlay, base: context.root, named: null }, 'part');
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
