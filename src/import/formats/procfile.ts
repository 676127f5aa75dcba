// Procfile of foreman, honcho, overmind and hivemind, with the settings next to it: .env, .foreman, .overmind.env.
import { posix } from 'node:path';
import { fromSource, type ImportContext, type ImportInput } from '../model/import-context.ts';
import { nearly, notCarried } from '../model/loss-findings.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { readDotenvEntries } from '../text/dotenv-source.ts';
import { fromSeconds } from '../text/durations.ts';
import { literal } from '../text/variables.ts';
import { type ProcfileSettings, readForemanSettings, readOvermindSettings } from './procfile-settings.ts';

/** The processes of the file, in its order: it decides their ports. */
export function importProcfile({ file, text }: ImportInput, context: ImportContext): void {
  const { project } = context;
  const settings = readSettings(file, context);
  const services = readLines(file, text, context, 0);
  if (services.length === 0) return;
  addEnvironment(file, settings, context);
  for (const [index, service] of services.entries()) {
    setPort(service, index, settings);
    setRestart(service, settings);
    const count = settings.formation.get(service.name) ?? settings.formation.get('all');
    if (count !== undefined) service.set('pool', count);
    if (settings.only && !settings.only.has(service.name)) service.set('enabled', false);
    if (settings.ignored.has(service.name)) service.set('enabled', false);
    const signal = settings.stopSignals.get(service.name) ?? settings.signal;
    service.set('stop', { signal, grace: fromSeconds(settings.graceSeconds), to: 'tree' });
  }
  const release = services.find(({ name }) => name === 'release');
  for (const service of release ? services : [])
    if (service !== release) service.set('depends_on', { release: 'completed' });
  reportEndOfOne(file, services, settings, project);
}

/** `-f other/Procfile` names a further file (overmind). */
function readLines(file: string, text: string, context: ImportContext, depth: number): ServiceDraft[] {
  const { project } = context;
  let comments: string[] = [];
  let hasService = false;
  return text.split(/\r?\n/).flatMap((line, index) => {
    const at = { file, line: index + 1 };
    if (line.trim() === '') {
      // A comment with a blank line below it, before the first process, is about the file.
      if (!hasService && comments.length > 0) project.comments.push(...comments);
      else return [];
      comments = [];
      return [];
    }
    if (/^\s*#/.test(line)) {
      comments.push(line.replace(/^\s*#\s?/, '').trimEnd());
      return [];
    }
    const include = /^\s*-f\s+(\S+)\s*$/.exec(line)?.[1];
    if (include) return readInclude(include, at, context, depth);
    const match = /^([A-Za-z0-9_.-]+):\s*(\S.*)$/.exec(line);
    if (!match) {
      project.findings.addAt(
        `line ${at.line}`,
        at,
        notCarried(`it is not \`name: command\`: ${line.trim().slice(0, 60)}`),
      );
      return [];
    }
    hasService = true;
    const [, name, command] = match;
    const service = project.service(name!, { path: name!, at });
    service.set('command', command!.trim());
    const directory = posix.dirname(file);
    if (directory !== '.') service.set('cwd', directory);
    service.comments.push(...comments);
    comments = [];
    project.findings.addAt(name!, at, undefined);
    return [service];
  });
}

function readInclude(
  path: string,
  at: { file: string; line: number },
  context: ImportContext,
  depth: number,
): ServiceDraft[] {
  const file = fromSource(at.file, path);
  const text = depth > 5 ? null : context.read(file);
  context.project.findings.addAt(`-f ${path}`, at, text === null ? notCarried(`${file} cannot be read`) : undefined);
  return text === null ? [] : readLines(file, text, context, depth + 1);
}

function readSettings(file: string, context: ImportContext): ProcfileSettings {
  const overmind = fromSource(file, '.overmind.env');
  const text = context.read(overmind);
  if (text !== null) return readOvermindSettings(overmind, text, context.project.findings);
  const foreman = fromSource(file, '.foreman');
  return readForemanSettings(foreman, context.read(foreman), context.project);
}

/** The base of the ports may be `PORT` in `.env`. */
function addEnvironment(file: string, settings: ProcfileSettings, { project, read }: ImportContext): void {
  const { findings } = project;
  for (const path of settings.envFiles ?? ['.env']) {
    const name = fromSource(file, path);
    const text = read(name);
    if (text === null && settings.envFiles === null) continue;
    project.append('env_files', settings.envFiles === null ? `?${name}` : name);
    findings.addAt(name, { file: name, line: 1 }, undefined);
    for (const entry of readDotenvEntries(text ?? '', name)) {
      if (entry.name === 'PORT' && /^\d+$/.test(entry.value) && !settings.isPortSet)
        settings.port = Number(entry.value);
      if (entry.template !== null)
        findings.addAt(`${name}.${entry.name}`, entry.at, nearly('a variable in braces that is defined is filled in'));
    }
  }
  for (const [name, value] of settings.env) project.merge('env', { [name]: literal(value) });
}

function setPort(service: ServiceDraft, index: number, { port, portStep, hasPorts }: ProcfileSettings): void {
  if (hasPorts && service.name !== 'release') service.set('port', port + index * portStep);
}

function setRestart(service: ServiceDraft, settings: ProcfileSettings): void {
  const { name } = service;
  if (settings.autoRestart.has(name) || settings.autoRestart.has('all')) service.set('restart', 'always');
  else if (name === 'release') service.set('restart', 'never');
  else if (settings.anyCanDie || settings.canDie.has(name)) service.set('restart', 'never');
  else {
    service.set('restart', 'never');
    service.set('on_end', 'down');
  }
}

/** These tools stop everything as soon as one process ends. */
function reportEndOfOne(
  file: string,
  services: ServiceDraft[],
  settings: ProcfileSettings,
  project: ProjectDraft,
): void {
  const ending = services.filter(({ keys }) => keys.restart === undefined || keys.on_end !== undefined);
  if (ending.length === 0) return;
  project.findings.addAt(`${settings.tool}: one process ends, all end`, { file, line: 1 }, undefined);
}
