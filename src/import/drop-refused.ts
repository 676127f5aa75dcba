// The last check of an import: what the loader refuses is taken out and reported, so that the file that is made is valid.
import { isMap, isScalar, isSeq, type Node, parseDocument } from 'yaml';
import type { FileSource } from '../config/files/file-source.ts';
import { loadTree } from '../config/load-config.ts';
import { notCarried } from './model/loss-findings.ts';
import { isPlainMap, type KeysDraft, type Plain, type PlainMap, type ProjectDraft } from './model/project-draft.ts';

const FILE = '/import/procs.yaml';
/** Problems of one value; what else is wrong is not in the source either, such as an env file that is missing. */
const CODES = new Set([
  ...['wrong-type', 'bad-value', 'empty-value', 'too-many-values'],
  ...['bad-name', 'bad-key', 'bad-variable', 'reserved-variable', 'no-port'],
]);
/** A key that is taken out can uncover another problem. */
const MAX_ROUNDS = 20;

/** @param print the text of procs.yaml from the draft as it is */
export async function dropRefused(project: ProjectDraft, print: () => string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const text = print();
    const { problems } = await loadTree({ file: FILE, env: null, environment: {}, source: onlyFile(text) });
    const document = parseDocument(text, { logLevel: 'silent' });
    const dropped = problems.filter(({ severity, code, line, column, message }) => {
      if (severity !== 'error' || !CODES.has(code) || line === null || column === null) return false;
      const offset = text.split('\n', line - 1).reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
      return drop(project, pathAt(document.contents, offset), message);
    });
    if (dropped.length === 0) return;
  }
}

/** @returns whether there was such a key */
function drop(project: ProjectDraft, path: string[], message: string): boolean {
  const [section, name, ...rest] = path;
  if (section !== 'services') return section !== undefined && removeAt(project, path);
  const service = project.find(name!);
  if (!service || rest.length === 0 || rest[0] === 'command' || !removeAt(service, rest)) return false;
  if (service.origin) {
    const reason = message.replace(/^`services\.[^`]*` /, '');
    project.findings.addAt(`${service.origin.path} (${rest.join('.')})`, service.origin.at, notCarried(`it ${reason}`));
  }
  return true;
}

function removeAt(draft: KeysDraft, [key, ...rest]: string[]): boolean {
  if (key === undefined || draft.keys[key] === undefined) return false;
  const last = rest.pop();
  if (last === undefined) {
    if (hasVariable(draft.keys[key])) return false;
    draft.remove(key);
  } else {
    const map = rest.reduce<unknown>((at, part) => (isPlainMap(at) ? at[part] : undefined), draft.keys[key]);
    if (!isPlainMap(map) || map[last] === undefined || hasVariable(map[last])) return false;
    delete (map as PlainMap)[last];
    if (Object.keys(map).length === 0) removeAt(draft, [key, ...rest]);
  }
  return true;
}

/** What it stands for is known only where the file is used. */
const hasVariable = (value: Plain): boolean => JSON.stringify(value).includes('${');

/** The keys that lead to an offset, down to the innermost map. */
function pathAt(node: unknown, offset: number): string[] {
  if (isSeq(node)) return []; // one item that is wrong takes the list with it
  if (!isMap<Node, Node | null>(node)) return [];
  const pair = node.items.findLast(({ key }) => key.range![0] <= offset);
  return pair && isScalar(pair.key) ? [String(pair.key.value), ...pathAt(pair.value, offset)] : [];
}

const onlyFile = (text: string): FileSource => ({
  read: async (path) => (path === FILE ? { kind: 'bytes', bytes: Buffer.from(text) } : { kind: 'missing' }),
  list: async () => [],
  resolve: async (directory) => directory,
});
