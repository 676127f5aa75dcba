// The last check of an import: what the loader refuses is taken out and reported, so that the files that are made are valid.
import type { FileSource } from '../config/files/file-source.ts';
import { type LoadedTree, loadTree } from '../config/load-config.ts';
import { pathTo, printPath } from '../config/tree/tree.ts';
import { notCarried } from './model/loss-findings.ts';
import type { SourceKey } from './model/origins.ts';
import { isPlainMap, type Plain, type PlainMap } from './model/plain.ts';
import type { ProjectDraft } from './model/project-draft.ts';
import { BASE_FILE, overlayFile, printFiles } from './output/print-project.ts';

const DIRECTORY = '/import/';
/**
 * Problems of one value, or of a map that lacks what was taken out; what else is wrong is not in the source either, such as
 * an env file that is missing.
 */
const CODES = new Set([
  ...['wrong-type', 'bad-value', 'empty-value', 'too-many-values'],
  ...['bad-name', 'bad-key', 'bad-variable', 'reserved-variable', 'no-port', 'missing-key'],
]);
/** A key that is taken out can uncover another problem. */
const MAX_ROUNDS = 20;

/** Of procs.yaml alone, and with the overlay of each environment. The names and defaults of the draft are settled. */
export async function dropRefused(project: ProjectDraft): Promise<void> {
  for (const environment of [null, ...project.environments()]) {
    let isDone = false;
    for (let round = 0; round < MAX_ROUNDS && !isDone; round++) {
      const loaded = await loadDraft(project, environment);
      isDone = loaded.problems.filter((problem) => drop(project, problem, loaded)).length === 0;
    }
  }
}

function loadDraft(project: ProjectDraft, env: string | null): Promise<LoadedTree> {
  const files = printFiles(project, { lines: [] }, () => []);
  const source: FileSource = {
    read: async (path) => {
      const text = files[path.slice(DIRECTORY.length)];
      return text === undefined ? { kind: 'missing' } : { kind: 'bytes', bytes: Buffer.from(text) };
    },
    list: async () => [],
    resolve: async (directory) => directory,
  };
  return loadTree({ file: DIRECTORY + BASE_FILE, env, environment: {}, source });
}

/** @returns whether there was such a value */
function drop(project: ProjectDraft, problem: LoadedTree['problems'][number], { merged }: LoadedTree): boolean {
  const { severity, code, file, line, column, message } = problem;
  if (severity !== 'error' || !CODES.has(code) || line === null || column === null || merged === null) return false;
  // The personal overlay is read without being asked for.
  const overlay = project.environments().find((environment) => overlayFile(environment) === file) ?? null;
  const held = findHolder(project, overlay, pathTo(merged, { file, line, column }));
  if (held === null || !removeAt(held.values, held.path)) return false;
  const prefix = held.service === null ? '' : `${printPath(['services', held.service])}.`;
  const reason = message.replaceAll(`\`${prefix}`, '`');
  for (const { path, at } of held.origins) project.findings.addAt(path, at, notCarried(reason));
  return true;
}

/** The map of the draft that holds a value, and the keys below it. */
type HeldValue = { values: PlainMap; path: string[]; service: string | null; origins: SourceKey[] };

/** @returns null for what cannot be taken out */
function findHolder(project: ProjectDraft, overlay: string | null, path: string[]): HeldValue | null {
  const [section, name, ...rest] = path;
  if (section === undefined) return null;
  if (section !== 'services') return { values: project.keys, path, service: null, origins: project.originsOf(path) };
  const service = name === undefined ? undefined : project.find(name);
  const values = overlay === null ? service?.keys : service?.overlays[overlay];
  if (!service || !values || rest.length === 0 || rest[0] === 'command') return null;
  const origins = service.originsOf(rest, overlay);
  return { values, path: rest, service: service.name, origins: origins.length > 0 ? origins : project.originsOf(path) };
}

/** With the maps that are empty then. */
function removeAt(values: PlainMap, path: readonly string[]): boolean {
  const [key, ...rest] = path;
  const value = key === undefined ? undefined : values[key];
  if (value === undefined) return false;
  if (rest.length > 0) {
    if (!isPlainMap(value) || !removeAt(value, rest)) return false;
    if (Object.keys(value).length > 0) return true;
  } else if (hasVariable(value)) return false;
  delete values[key!];
  return true;
}

/** What it stands for is known only where the file is used. */
const hasVariable = (value: Plain): boolean => JSON.stringify(value).includes('${');
