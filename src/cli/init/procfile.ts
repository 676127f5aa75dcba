// A Procfile (foreman, Heroku, overmind) -> draft. `name: command` a line, run by the shell.
import { type Draft, type DraftService, toServiceNames } from './draft.ts';

/** foreman's convention: the first process gets 5000, each further one 100 more. */
const FIRST_PORT = 5000;
const PORT_STEP = 100;

export function draftFromProcfile(text: string): Draft {
  const found: { name: string; command: string }[] = [];
  const lost: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const match = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line);
    if (!match) lost.push(`line ${index + 1} is not \`name: command\`: ${line.trim().slice(0, 60)}`);
    else found.push({ name: match[1]!, command: match[2]!.trim() });
  }
  const names = toServiceNames(found.map(({ name }) => name));
  const services = found.map(({ command }, position) => toService(names[position]!, command, position));
  const release = services.find(({ name }) => name === 'release');
  for (const service of release ? services : []) if (service !== release) service.dependsOn = { release: 'completed' };
  return { from: 'Procfile', services, envFiles: [], lost };
}

function toService(name: string, command: string, position: number): DraftService {
  const service: DraftService = { name, command, notes: [] };
  if (/\$(PORT\b|\{PORT\b)/.test(command)) service.port = FIRST_PORT + position * PORT_STEP;
  if (service.name === 'release') service.restart = 'never';
  return service;
}
