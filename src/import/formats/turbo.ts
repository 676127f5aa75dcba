// `turbo run dev`: the script of each package of a workspace, with what turbo.json says about the task.
import { posix } from 'node:path';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import { entriesOf, isOn, nodeAt, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { wordsOf } from '../text/shell-words.ts';
import { literal } from '../text/variables.ts';
import type { PackageScripts } from './package-scripts.ts';

type WorkspacePackage = { name: string; directory: string; root: SourceNode };

export function importTurbo(scripts: PackageScripts, script: string): void {
  const { project, read } = scripts.context;
  const node = nodeAt(scripts.root, 'scripts', script)!;
  const words = wordsOf(textOf(node)).filter((word) => word !== 'npx' && word !== 'turbo' && word !== 'run');
  const tasks = words.filter(
    (word, index) =>
      !word.startsWith('-') &&
      !/^--(filter|concurrency|scope|cache-dir|log-order|ui|output-logs)$|^-F$/.test(words[index - 1] ?? ''),
  );
  const filters = words.flatMap(
    (word, index) =>
      /^--filter=(.*)$/.exec(word)?.[1] ?? (word === '--filter' || word === '-F' ? [words[index + 1] ?? ''] : []),
  );
  for (const option of words.filter((word) => word.startsWith('-')))
    project.findings.addAt(`scripts.${script}: ${option}`, node.at, optionVerdict(option));
  const file = posix.join(scripts.directory, 'turbo.json');
  const text = read(file);
  const turbo = text === null ? null : readYamlSource(text.replace(/^\s*\/\/.*$/gm, ''), file);
  const table = turbo?.ok ? (nodeAt(turbo.root, 'tasks') ?? nodeAt(turbo.root, 'pipeline')) : undefined;
  const packages = packagesOf(scripts).filter(
    ({ name, directory }) => filters.length === 0 || filters.some((filter) => matches(filter, name, directory)),
  );
  for (const task of tasks) {
    project.findings.addAt(`scripts.${script}: ${task}`, node.at, undefined);
    for (const one of packages) if (nodeAt(one.root, 'scripts', task)) addService(one, task, tasks.length > 1, scripts);
    const settings = nodeAt(table, task);
    for (const entry of entriesOf(settings)) project.findings.add(entry, taskVerdict(entry));
    addBuilds(textsOf(nodeAt(settings, 'dependsOn')), packages, scripts);
  }
  for (const entry of turbo?.ok ? entriesOf(turbo.root) : [])
    if (!['tasks', 'pipeline', '$schema', 'ui'].includes(entry.key))
      project.findings.add(entry, nearly('it is about the results that turbo keeps'));
}

const optionVerdict = (option: string): Verdict | undefined =>
  /^(--filter|-F|--parallel|--continue|--no-cache|--force|--ui|--log-order|--output-logs|--no-daemon|--concurrency)/.test(
    option,
  )
    ? undefined
    : nearly('it is about turbo itself');

function taskVerdict(entry: SourceNode): Verdict | undefined {
  switch (entry.key) {
    case 'persistent':
    case 'cache':
    case 'outputs':
    case 'inputs':
      return undefined;
    case 'interactive':
      return isOn(entry) ? nearly('`tty: true` gives a program a terminal') : undefined;
    case 'interruptible':
      return nearly('`watch` restarts a service when its files change');
    case 'dependsOn':
      return textsOf(entry).every((name) => /^\^?\w[\w:-]*$/.test(name))
        ? undefined
        : nearly('tasks of one package are not carried');
    case 'with':
      return notCarried('name the services: `orch up a b`');
    default:
      return nearly('programs have the environment of `orch up`');
  }
}

function addService(
  { name, directory, root }: WorkspacePackage,
  task: string,
  isNamed: boolean,
  scripts: PackageScripts,
): void {
  const { project } = scripts.context;
  const node = nodeAt(root, 'scripts', task)!;
  const short = name.replace(/^@[^/]*\//, '');
  const service = project.service(isNamed ? `${short}-${task}` : short, node);
  service.set('command', [scripts.manager, 'run', task].map(literal));
  service.set('cwd', directory);
  service.set('restart', 'never');
  service.set('stop', { to: 'tree' });
  project.findings.add(node, undefined);
}

/** `^build`: the packages that a package uses are built before it. */
function addBuilds(dependsOn: string[], packages: WorkspacePackage[], scripts: PackageScripts): void {
  const { project } = scripts.context;
  for (const needed of dependsOn.filter((name) => name.startsWith('^')).map((name) => name.slice(1))) {
    const all = packagesOf(scripts);
    for (const one of packages) {
      const service = project.services.find(
        ({ keys, name }) => keys.cwd === one.directory && !name.endsWith(`-${needed}`),
      );
      const uses = new Set(
        ['dependencies', 'devDependencies'].flatMap((key) =>
          entriesOf(nodeAt(one.root, key)).map((entry) => entry.key),
        ),
      );
      for (const other of all.filter(({ name, root }) => uses.has(name) && nodeAt(root, 'scripts', needed))) {
        const name = `${other.name.replace(/^@[^/]*\//, '')}-${needed}`;
        if (!project.find(name)) addService(other, needed, true, scripts);
        service?.merge('depends_on', { [name]: 'completed' });
      }
    }
  }
}

/** Of `workspaces` in package.json, or pnpm-workspace.yaml. */
function packagesOf({ root, directory, context }: PackageScripts): WorkspacePackage[] {
  const workspaces = nodeAt(root, 'workspaces', 'packages') ?? nodeAt(root, 'workspaces');
  const pnpm = context.read(posix.join(directory, 'pnpm-workspace.yaml'));
  const source = pnpm === null ? null : readYamlSource(pnpm, 'pnpm-workspace.yaml');
  const patterns = [...textsOf(workspaces), ...(source?.ok ? textsOf(nodeAt(source.root, 'packages')) : [])].filter(
    (pattern) => !pattern.startsWith('!'),
  );
  return patterns.flatMap((pattern) =>
    context.list(posix.join(directory, pattern.replace(/\/\*\*$/, '/*'))).flatMap((found) => {
      const file = posix.join(found, 'package.json');
      const text = context.read(file);
      const read = text === null ? null : readYamlSource(text, file);
      return read?.ok
        ? [{ name: textOf(nodeAt(read.root, 'name')) || posix.basename(found), directory: found, root: read.root }]
        : [];
    }),
  );
}

/** `web`, `@shop/web`, `./apps/*`, `web...`, `!docs`. */
function matches(filter: string, name: string, directory: string): boolean {
  const plain = filter.replace(/^\.\.\.|\.\.\.$/g, '').replace(/^\{|\}$/g, '');
  if (plain.startsWith('!')) return !matches(plain.slice(1), name, directory);
  const pattern = new RegExp(
    `^(?:@[^/]+/)?${plain
      .replace(/^\.\//, '')
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')}$`,
  );
  return pattern.test(name) || pattern.test(directory);
}
