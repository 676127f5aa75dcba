// A compose file. What is built here runs as a program of this machine; a container of a foreign image stays with docker.
import { fromSource, type ImportContext, type ImportInput, ImportProblem } from '../model/import-context.ts';
import { nearly, notCarried } from '../model/loss-findings.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, lost, nested, type RuleTable, reported } from '../model/rules.ts';
import { entriesOf, nodeAt, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { readDotenvEntries } from '../text/dotenv-source.ts';
import type { ComposeFile } from './compose-file.ts';
import { findProgram } from './compose-program.ts';
import { composeRules } from './compose-rules.ts';

/** Several files are merged, later ones over earlier ones, as with `docker compose -f A -f B`. */
export function importCompose(inputs: ImportInput[], context: ImportContext): void {
  const { project } = context;
  const { file } = inputs[0]!;
  const [root, ...others] = inputs.map((input) => {
    const source = readYamlSource(input.text, input.file);
    if (!source.ok) throw new ImportProblem(input.file, source.problem, source.line);
    project.comments.push(...source.root.comments);
    return source.root;
  }) as [SourceNode, ...SourceNode[]];
  for (const other of others) mergeInto(root, other);
  if (others.length === 0) mergeOverride(root, file, context);
  for (const entry of entriesOf(nodeAt(root, 'services'))) extend(entry, root, file, context, 0);
  const known = readDotenv(file, context);
  const compose: ComposeFile = {
    file,
    root,
    known,
    context,
    names: new Set(entriesOf(nodeAt(root, 'services')).map(({ key }) => key)),
    secretFiles: secretFilesOf(root, file),
  };
  applyRules(root, projectRules(compose), project, project.findings, ['services']);
  for (const node of entriesOf(nodeAt(root, 'services'))) importService(node, compose);
}

function projectRules(compose: ComposeFile): RuleTable<ProjectDraft> {
  return {
    version: asIs,
    name: (node, { draft }) => {
      draft.set(
        'name',
        textOf(node)
          .toLowerCase()
          .replace(/[^a-z0-9_-]/g, '-'),
      );
    },
    include: (node, { findings }) => includeFiles(node, compose, findings),
    networks: () => nearly('programs share the network of this machine'),
    volumes: () => nearly('programs see the files of this machine; docker keeps the volumes of its containers'),
    secrets: nested({ ...anyKey(compose.root, 'secrets', undefined) }),
    configs: nested({ ...anyKey(compose.root, 'configs', nearly('programs see the files of this machine')) }),
    models: lost('orch runs programs'),
  };
}

/** Every key of the map is carried in the same way. */
function anyKey(
  root: SourceNode,
  map: string,
  verdict: ReturnType<typeof nearly> | undefined,
): RuleTable<ProjectDraft> {
  return Object.fromEntries(entriesOf(nodeAt(root, map)).map(({ key }) => [key, () => verdict]));
}

function includeFiles(node: SourceNode, compose: ComposeFile, findings: ProjectDraft['findings']): typeof reported {
  for (const item of node.kind === 'list' ? node.items : [node]) {
    const path = fromSource(compose.file, textsOf(nodeAt(item, 'path'))[0] ?? textOf(item));
    const text = compose.context.read(path);
    findings.add(item, text === null ? notCarried(`${path} cannot be read`) : undefined);
    if (text !== null) importCompose([{ file: path, text }], compose.context);
  }
  return reported;
}

/** docker reads `.env` for the variables of the file only; orch gives them to the programs, too. */
function readDotenv(file: string, { project, read }: ImportContext): Set<string> {
  const name = fromSource(file, '.env');
  const text = read(name);
  if (text === null) return new Set();
  project.append('env_files', `?${name}`);
  project.findings.addAt(
    name,
    { file: name, line: 1 },
    nearly('every program gets these variables, not the file alone'),
  );
  return new Set(readDotenvEntries(text, name).map((entry) => entry.name));
}

function secretFilesOf(root: SourceNode, file: string): Map<string, string> {
  const secrets = entriesOf(nodeAt(root, 'secrets'));
  return new Map(
    secrets.flatMap((node) => {
      const path = textOf(nodeAt(node, 'file'));
      return path === '' ? [] : [[node.key, fromSource(file, path)] as const];
    }),
  );
}

function importService(node: SourceNode, compose: ComposeFile): void {
  const { project } = compose.context;
  const program = findProgram(node, compose);
  if (program.kind === 'container' && !compose.context.keepsContainers) {
    const image = textOf(nodeAt(node, 'image'));
    const what = image === '' ? 'an image that is built' : `the image ${image}`;
    project.findings.add(
      node,
      notCarried(`runs ${what} without a command: add the program to procs.yaml, or leave it to docker`),
    );
    return;
  }
  const service: ServiceDraft = project.service(node.key, node);
  service.comments.push(...node.comments);
  service.set('command', program.command);
  if (program.cwd !== null) service.set('cwd', program.cwd);
  if (Object.keys(program.env).length > 0) service.set('env', program.env);
  service.set('restart', 'never');
  if (program.note !== null) service.comments.push(program.note);
  applyRules(node, composeRules(node, program, compose), service, project.findings);
}

/** compose reads `compose.override.yaml` by itself. */
function mergeOverride(root: SourceNode, file: string, { read, project }: ImportContext): void {
  const match = /^(.*?(?:docker-)?compose)\.(ya?ml)$/.exec(file);
  const name = match ? `${match[1]}.override.${match[2]}` : null;
  const text = name === null ? null : read(name);
  const override = text === null ? null : readYamlSource(text, name!);
  if (override?.ok) {
    project.comments.push(...override.root.comments);
    mergeInto(root, override.root);
  }
}

/** Keys that replace instead of adding to a list. */
const REPLACED = new Set(['command', 'entrypoint', 'test']);

function mergeInto(base: SourceNode, over: SourceNode): void {
  if (base.kind !== 'map') return;
  for (const entry of entriesOf(over)) {
    const index = base.entries.findIndex(({ key }) => key === entry.key);
    const before = base.entries[index];
    if (!before) base.entries.push(entry);
    else if (before.kind === 'map' && entry.kind === 'map') mergeInto(before, entry);
    else if (before.kind === 'list' && entry.kind === 'list' && !REPLACED.has(entry.key))
      before.items.push(...entry.items);
    else base.entries[index] = entry;
  }
}

/** `extends: { service, file }`: the keys of the other service, under those of this one. */
function extend(node: SourceNode, root: SourceNode, file: string, context: ImportContext, depth: number): void {
  const extended = nodeAt(node, 'extends');
  if (node.kind !== 'map' || !extended || depth > 5) return;
  const name = textOf(nodeAt(extended, 'service')) || textOf(extended);
  const other = textOf(nodeAt(extended, 'file'));
  const path = fromSource(file, other);
  const text = other === '' ? null : context.read(path);
  const source = text === null ? null : readYamlSource(text, path);
  const from = other === '' ? root : source?.ok ? source.root : undefined;
  const base = nodeAt(from, 'services', name);
  context.project.findings.add(extended, base ? undefined : notCarried(`the service ${name} cannot be read`));
  node.entries = node.entries.filter((entry) => entry !== extended);
  if (!base) return;
  extend(base, from!, other === '' ? file : path, context, depth + 1);
  const merged = structuredClone(base);
  mergeInto(merged, node);
  node.entries = entriesOf(merged).filter(({ key }) => key !== 'extends');
}
