// A Procfile or the scripts of a package.json -> draft. Pure.
import { type Draft, type DraftService, toServiceNames } from './draft.ts';

/** The convention of foreman: the first process gets 5000, each further one 100 more. */
const FIRST_PORT = 5000;
const PORT_STEP = 100;

/** `name: command` a line, run by the shell (foreman, Heroku, overmind). */
export function draftFromProcfile(text: string): Draft {
  const found: { name: string; command: string }[] = [];
  const notTakenOver: string[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(#.*)?$/.test(line)) continue;
    const match = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line);
    if (!match) notTakenOver.push(`line ${index + 1} is not \`name: command\`: ${line.trim().slice(0, 60)}`);
    else found.push({ name: match[1]!, command: match[2]!.trim() });
  }
  const names = toServiceNames(found.map(({ name }) => name));
  const services = found.map(({ command }, position) => toService(names[position]!, command, position));
  const release = services.find(({ name }) => name === 'release');
  for (const service of release ? services : []) if (service !== release) service.dependsOn = { release: 'completed' };
  return { from: 'Procfile', services, envFiles: [], notTakenOver };
}

function toService(name: string, command: string, position: number): DraftService {
  const service: DraftService = { name, command, notes: [] };
  if (/\$(PORT\b|\{PORT\b)/.test(command)) service.port = FIRST_PORT + position * PORT_STEP;
  if (service.name === 'release') service.restart = 'never';
  return service;
}

/** Names of scripts that keep running. */
const LONG_RUNNING_SCRIPT = /^(start|dev|serve|server|worker|web|api|watch)([:._-].+)?$/;

/**
 * @param text of package.json
 * @param runner `npm`, `pnpm`, `yarn` or `bun`
 * @returns null if it is not JSON or has no script that keeps running
 */
export function draftFromPackage(text: string, runner: string): Draft | null {
  const scripts = readScripts(text);
  const names = Object.keys(scripts).filter((name) => LONG_RUNNING_SCRIPT.test(name));
  if (names.length === 0) return null;
  const chosen = chooseScripts(names);
  const rest = Object.keys(scripts).filter((name) => !chosen.includes(name));
  const fitted = toServiceNames(chosen);
  const services = chosen.map((name, index): DraftService => {
    const note = scripts[name]!.replace(/\s+/g, ' ').slice(0, 100);
    return { name: fitted[index]!, command: [runner, 'run', name], notes: [note] };
  });
  const notTakenOver = rest.length > 0 ? [`scripts that were left out: ${rest.join(', ')}`] : [];
  return { from: 'package.json', services, envFiles: [], notTakenOver };
}

/** Of `start`, `dev`, `serve` and the like only one is the program; `start:api` and `worker` are separate processes. */
function chooseScripts(names: string[]): string[] {
  const parts = names.filter((name) => /[:._-]/.test(name) || name === 'worker');
  const whole = ['start', 'dev', 'serve', 'server', 'web', 'api', 'watch'].find((name) => names.includes(name));
  const ofWhole = parts.filter((name) => whole !== undefined && name.split(/[:._-]/)[0] === whole);
  // If `start:api` and `start:worker` exist, `start` runs them all.
  if (whole !== undefined && ofWhole.length >= 2)
    return parts.filter((name) => ofWhole.includes(name) || name === 'worker');
  const others = parts.filter((name) => /^worker/.test(name));
  return whole === undefined ? parts : [whole, ...others];
}

function readScripts(text: string): Record<string, string> {
  try {
    const scripts: unknown = (JSON.parse(text) as { scripts?: unknown } | null)?.scripts;
    const pairs = Object.entries((scripts ?? {}) as Record<string, unknown>);
    return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  } catch {
    return {}; // not JSON: no scripts
  }
}
