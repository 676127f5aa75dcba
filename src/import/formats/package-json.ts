// package.json: the script that runs several programs by concurrently or npm-run-all, or the services of wireit or turbo.
import { posix } from 'node:path';
import { type ImportContext, type ImportInput, ImportProblem } from '../model/import-context.ts';
import { nearly, notCarried } from '../model/loss-findings.ts';
import { entriesOf, nodeAt, type SourceNode } from '../source/source-node.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { wordsOf } from '../text/shell-words.ts';
import { literal } from '../text/variables.ts';
import { binRunner, type PackageScripts, readPackage, scriptOf, setLine } from './package-scripts.ts';
import { readScriptLine } from './script-line.ts';
import { RUNNERS, type RunnerLine, readRunner } from './script-runner.ts';
import { connectWaits, type ScriptService, setRunnerPolicy } from './script-service.ts';
import { importTurbo } from './turbo.ts';
import { importWireit } from './wireit.ts';

/** Scripts that start a project, the best first. */
const STARTING = ['dev', 'start:dev', 'develop', 'start', 'serve', 'watch', 'up', 'start:all', 'dev:all'];

export function importPackageJson({ file, text }: ImportInput, context: ImportContext): void {
  const source = readYamlSource(text, file);
  if (!source.ok) throw new ImportProblem(file, source.problem, source.line);
  const scripts = readPackage(file, source.root, context);
  if (nodeAt(source.root, 'wireit')) importWireit(scripts);
  else importScripts(scripts);
}

function importScripts(scripts: PackageScripts): void {
  const { file, root, context } = scripts;
  const names = entriesOf(nodeAt(root, 'scripts')).map(({ key }) => key);
  const running = names.filter((name) => runnerOf(scriptOf(scripts, name)) !== null);
  const turbo = names.filter((name) => /^(npx )?turbo(repo)?\s/.test(scriptOf(scripts, name)));
  const chosen = [...running, ...turbo].sort((a, b) => rankOf(a) - rankOf(b) || names.indexOf(a) - names.indexOf(b))[0];
  if (chosen === undefined)
    throw new ImportProblem(
      file,
      'no script calls concurrently, npm-run-all, run-p, turbo or wireit; `orch init` reads other scripts',
    );
  for (const other of [...running, ...turbo].filter((name) => name !== chosen))
    if (!isUsedBy(scripts, chosen, other))
      context.project.findings.add(
        nodeAt(root, 'scripts', other)!,
        nearly(`another way to run the programs: the script ${chosen} is taken`),
      );
  if (turbo.includes(chosen)) importTurbo(scripts, chosen);
  else importRunner(scripts, chosen);
}

const rankOf = (name: string): number => (STARTING.includes(name) ? STARTING.indexOf(name) : STARTING.length);

/** A line that is one call of a runner, perhaps with variables before it. */
export function runnerOf(line: string): RunnerLine | null {
  const read = readScriptLine(line, '');
  const words = Array.isArray(read.command) ? read.command : wordsOf(read.command);
  const from = words.findIndex((word) => word !== '' && word !== 'npx');
  const isCall = RUNNERS.test(words[from] ?? '') && !/&&|\|\||;/.test(line.replace(/"[^"]*"|'[^']*'/g, ''));
  return isCall ? readRunner(words.slice(from)) : null;
}

function isUsedBy(scripts: PackageScripts, chosen: string, other: string): boolean {
  return (runnerOf(scriptOf(scripts, chosen))?.tasks ?? []).some(({ line }) =>
    scriptsNamed(scripts, line).some(({ name }) => name === other),
  );
}

/** `npm:dev:*`, `npm run x`, `yarn x`, `pnpm x` -> the scripts that are meant, with what the pattern stands for. */
function scriptsNamed(scripts: PackageScripts, line: string): { name: string; label: string | null; args: string[] }[] {
  // A script of another package.
  if (/\s(--prefix|--workspace|--workspaces|-w|--filter|-F|-C|--cwd|workspace)[\s=]/.test(`${line} `)) return [];
  const [first = '', second = '', ...rest] = wordsOf(line);
  const names = entriesOf(nodeAt(scripts.root, 'scripts')).map(({ key }) => key);
  const named = /^(?:npm|pnpm|yarn|bun|node):(.+)$/.exec(first)?.[1];
  const pattern =
    named ??
    (/^(npm|pnpm|yarn|bun)$/.test(first)
      ? second === 'run' || second === 'run-script'
        ? rest[0]
        : names.includes(second) || second === 'start'
          ? second
          : undefined
      : undefined);
  if (pattern === undefined) return [];
  const args = (named === undefined ? (second.startsWith('run') ? rest.slice(1) : rest) : [second, ...rest]).filter(
    (word) => word !== '' && word !== '--',
  );
  if (!pattern.includes('*')) return names.includes(pattern) ? [{ name: pattern, label: null, args }] : [];
  const matcher = new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('**', '\u0000')
      .replaceAll('*', '([^:]*)')
      .replaceAll('\u0000', '(.*)')}$`,
  );
  return names.flatMap((name) => {
    const match = matcher.exec(name);
    return match ? [{ name, label: match[1] || name, args }] : [];
  });
}

function importRunner(scripts: PackageScripts, name: string): void {
  const { project } = scripts.context;
  const node = nodeAt(scripts.root, 'scripts', name)!;
  const env = readScriptLine(scriptOf(scripts, name), '').env;
  const literals = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, literal(value)]));
  if (Object.keys(env).length > 0) project.carry(node, [], () => project.merge('env', literals));
  const found = expandRunner(scripts, name, node, 0);
  connectWaits(found, project.findings);
}

/** @returns the services of the runner; those of scripts that call a runner themselves are among them */
function expandRunner(scripts: PackageScripts, name: string, at: SourceNode, depth: number): ScriptService[] {
  const runner = runnerOf(scriptOf(scripts, name));
  if (!runner || depth > 5) return [];
  const { findings } = scripts.context.project;
  for (const { text, verdict } of runner.options) findings.addAt(`scripts.${name}: ${text}`, at.at, verdict);
  const steps: { step: number; services: ScriptService[] }[] = [];
  for (const task of runner.tasks) {
    const meant = scriptsNamed(scripts, task.line);
    const services = meant.flatMap((script) => {
      const node = nodeAt(scripts.root, 'scripts', script.name)!;
      findings.addAt(`scripts.${name}: ${task.line}`, at.at, undefined);
      const inner = expandRunner(scripts, script.name, node, depth + 1);
      return inner.length > 0 ? inner : [addScript(scripts, script, task.name, node)];
    });
    if (meant.length === 0) {
      const isMissing = /^(npm|pnpm|yarn|bun):/.test(task.line);
      findings.addAt(
        `scripts.${name}: ${task.line}`,
        at.at,
        isMissing ? notCarried('package.json has no such script') : undefined,
      );
      if (!isMissing) services.push(addCommand(scripts, task.line, task.name, at));
    }
    for (const service of services) setRunnerPolicy(service, runner);
    steps.push({ step: task.step, services });
  }
  for (const { step, services } of steps)
    for (const { service } of services)
      for (const before of steps.filter((other) => other.step === step - 1).flatMap((other) => other.services))
        service.merge('depends_on', { [before.service.name]: 'completed' });
  return steps.flatMap(({ services }) => services);
}

function addScript(
  scripts: PackageScripts,
  { name, label, args }: { name: string; label: string | null; args: string[] },
  shown: string | null,
  node: SourceNode,
): ScriptService {
  const service = scripts.context.project.service(shown ?? label ?? shortName(name), node);
  service.comments.push(...node.comments);
  const read = readScriptLine(scriptOf(scripts, name), binRunner(scripts.manager));
  const pass = args.length > 0 ? [...(scripts.manager === 'npm' ? ['--'] : []), ...args] : [];
  // A script with a wait or a directory is taken apart; others are called, as a person would.
  if (read.waitsFor.length === 0) service.set('command', [scripts.manager, 'run', name, ...pass].map(literal));
  else setLine(service, read, scripts.directory);
  if (read.waitsFor.length === 0 && scripts.directory !== '.') service.set('cwd', scripts.directory);
  if (read.needsStdin) service.set('stdin', true);
  scripts.context.project.findings.add(node, undefined);
  return { service, text: scriptOf(scripts, name), waitsFor: read.waitsFor, at: node };
}

function addCommand(scripts: PackageScripts, line: string, shown: string | null, at: SourceNode): ScriptService {
  const read = readScriptLine(line, binRunner(scripts.manager));
  const [called] = scriptsNamed(scripts, [read.command].flat().join(' '));
  const name = called ? shortName(called.name) : nameOfCommand(read.command);
  const isGeneric = read.cwd !== null && /^(dev|start|serve|watch|run|develop)$/.test(name);
  const service = scripts.context.project.service(shown ?? (isGeneric ? posix.basename(read.cwd!) : name), at);
  setLine(service, read, scripts.directory);
  return { service, text: line, waitsFor: read.waitsFor, at };
}

/** `dev:api` -> `api`, `start` -> `start`. */
const shortName = (name: string): string =>
  /^(?:dev|start|serve|watch|run|develop)[:._-](.+)$/.exec(name)?.[1] ??
  /^(.+)[:._-](?:dev|start|serve|watch|run|develop)$/.exec(name)?.[1] ??
  name;

/** The program, without what only starts it. */
export function nameOfCommand(command: string | string[]): string {
  const words = Array.isArray(command) ? command : wordsOf(command);
  const place = words.findIndex((word) => /^(--prefix|--workspace|-w|--filter|-F|workspace)$/.test(word));
  const inline = words.map((word) => /^--(?:prefix|workspace|filter)=(.+)$/.exec(word)?.[1]).find(Boolean);
  const named = inline ?? (place === -1 ? undefined : words[place + 1]);
  if (named !== undefined) return posix.basename(named);
  const skipped = /^(npx|yarn|pnpm|bunx|exec|node|python3?|npm|run|bun|-.*|sh|bash)$/;
  const word = words.find((one) => !skipped.test(one)) ?? words[0] ?? 'service';
  return posix.basename(word).replace(/\.[cm]?[jt]s$|\.py$/, '');
}
