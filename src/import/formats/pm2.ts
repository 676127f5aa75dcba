// An ecosystem file of pm2: JavaScript, JSON or YAML. pm2 restarts every program that ends, and stops it by SIGINT.
import { posix } from 'node:path';
import { fromSource, type ImportContext, type ImportInput, ImportProblem } from '../model/import-context.ts';
import { nearly, notCarried } from '../model/loss-findings.ts';
import { applyRules } from '../model/rules.ts';
import { entriesOf, nodeAt, plainOf, type SourceNode, textOf } from '../source/source-node.ts';
import { toValueSource } from '../source/value-source.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { pm2Rules } from './pm2-rules.ts';

export async function importPm2({ file, text }: ImportInput, context: ImportContext): Promise<void> {
  const { project } = context;
  const root = await readRoot(file, text, context);
  project.comments.push(...root.comments);
  for (const entry of entriesOf(root)) {
    if (entry.key === 'apps') continue;
    const reason =
      entry.key === 'deploy'
        ? 'orch deploys nothing: pull and edit, it applies the file'
        : 'orch import does not know this key';
    project.findings.add(entry, notCarried(reason));
  }
  const apps = nodeAt(root, 'apps') ?? root;
  const nodes = apps.kind === 'list' ? apps.items : nodeAt(apps, 'script') ? [apps] : entriesOf(apps);
  for (const node of nodes) importApp(node, file, context);
}

async function readRoot(file: string, text: string, { evaluate, project }: ImportContext): Promise<SourceNode> {
  const isLoose = file.endsWith('.json') && !isJson(text);
  if (/\.(json|ya?ml)$/.test(file) && !isLoose) {
    const source = readYamlSource(text, file);
    if (!source.ok) throw new ImportProblem(file, source.problem, source.line);
    return source.root;
  }
  const plain = await evaluate(file, {});
  if (!plain.ok) throw new ImportProblem(file, plain.problem);
  const root = toValueSource(plain.value, text, file);
  root.comments = headOf(text);
  for (const name of plain.read)
    if (name.startsWith('dotenv:')) project.append('env_files', `?${fromSource(file, relativePath(name.slice(7)))}`);
  const read = plain.read.filter((name) => !name.startsWith('dotenv:'));
  if (read.length === 0) return root;
  // Evaluated once more with a mark for each variable, to see which values come from them.
  const marks = Object.fromEntries(read.map((name) => [name, markOf(name)]));
  const marked = await evaluate(file, marks);
  const used = new Set<string>();
  if (marked.ok) replaceMarks(root, toValueSource(marked.value, text, file), used);
  for (const name of read)
    if (!used.has(name))
      project.findings.addAt(
        `process.env.${name}`,
        { file, line: lineOf(text, name) },
        nearly('the file was evaluated without this variable'),
      );
  return root;
}

/** pm2 takes the text for JavaScript: with comments, and keys without quotes. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // JavaScript
  }
}

/** Scripts join their directory to it. */
const relativePath = (path: string): string => (path.startsWith('/') ? posix.basename(path) : path);

const markOf = (name: string): string => `\u0001${name}\u0002`;
const MARK = /\u0001(\w+)\u0002/g;

/** A value that comes from a variable is written as `${NAME:-…}`, with what it is without the variable. */
function replaceMarks(node: SourceNode, marked: SourceNode, used: Set<string>): void {
  if (node.kind === 'map') {
    for (const entry of node.entries) {
      const other = entriesOf(marked).find(({ key }) => key === entry.key);
      if (other) replaceMarks(entry, other, used);
    }
    // A key whose value is undefined without the variable.
    for (const entry of entriesOf(marked))
      if (!node.entries.some(({ key }) => key === entry.key) && entry.kind === 'scalar') {
        const added: SourceNode = { ...entry, value: null };
        replaceMarks(added, entry, used);
        if (added.value !== null) node.entries.push(added);
      }
  } else if (node.kind === 'list' && marked.kind === 'list') {
    node.items.forEach((item, index) => {
      const other = marked.items[index];
      if (other) replaceMarks(item, other, used);
    });
  } else if (node.kind === 'scalar' && marked.kind === 'scalar' && typeof marked.value === 'string') {
    const names = [...marked.value.matchAll(MARK)].map(([, name]) => name!);
    if (names.length === 0) return;
    for (const name of names) used.add(name);
    const isWhole = marked.value === markOf(names[0]!);
    const otherwise = isWhole ? textOf(node) : '';
    node.value = marked.value.replace(MARK, (_, name: string) => `\u0003{${name}:-${otherwise}}`);
  }
}

/** The comment at the top of a script. */
function headOf(text: string): string[] {
  const block = /^\s*\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1];
  if (block !== undefined)
    return block
      .split('\n')
      .map((line) => line.replace(/^\s*\*?\s?/, '').trimEnd())
      .filter((line) => line !== '' && !line.startsWith('@'));
  const lines = /^(?:\s*\/\/.*\n)+(?=\s*\n)/.exec(text)?.[0] ?? '';
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.replace(/^\s*\/\/\s?/, ''));
}

const lineOf = (text: string, name: string): number =>
  Math.max(
    0,
    text.split('\n').findIndex((line) => line.includes(name)),
  ) + 1;

function importApp(node: SourceNode, file: string, { project }: ImportContext): void {
  const script = textOf(nodeAt(node, 'script')) || textOf(nodeAt(node, 'exec')) || textOf(nodeAt(node, 'cmd'));
  if (script === '') {
    project.findings.add(node, notCarried('it has no script'));
    return;
  }
  const name = textOf(nodeAt(node, 'name')) || node.key || script.replace(/^.*\//, '').replace(/\.\w+$/, '');
  const service = project.service(name, nodeAt(node, 'name') ?? node);
  service.comments.push(...node.comments);
  service.set('restart', 'always');
  service.set('stop', { signal: 'SIGINT', grace: '1600ms', to: 'tree' });
  applyRules(node, pm2Rules(node, file, service), service, project.findings);
  finishApp(service, plainOf(node) as Record<string, unknown>);
}

/** pm2 runs a program at given times when it may not restart it otherwise. */
function finishApp(service: ReturnType<ImportContext['project']['service']>, app: Record<string, unknown>): void {
  if (service.keys.schedule !== undefined && app.autorestart === false) service.set('restart', 'never');
}
