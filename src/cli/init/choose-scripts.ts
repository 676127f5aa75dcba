// The scripts of package.json that keep running -> services. Of the variants of one program, such as start and start:dev, one.

import { binRunner, managerOf, setLine } from '../../import/formats/package-scripts.ts';
import { readScriptLine } from '../../import/formats/script-line.ts';
import { connectWaits, type ScriptService } from '../../import/formats/script-service.ts';
import { ProjectDraft } from '../../import/model/project-draft.ts';
import { entriesOf, nodeAt, type SourceNode, textOf } from '../../import/source/source-node.ts';
import { readYamlSource } from '../../import/source/yaml-source.ts';
import { literal } from '../../import/text/variables.ts';
import { readNear } from '../import/read-inputs.ts';
import type { DetectedProject } from './detected-project.ts';

/** Names of scripts that keep running. */
const LONG_RUNNING = /^(start|dev|develop|serve|server|worker|web|api|watch)([:._-].+)?$/;
/** Names of the same program in another mode. */
const VARIANT =
  /^(dev|develop|development|debug|inspect|prod|production|staging|stage|local|watch|hmr|hot|test|e2e|ci|docker|build|preview|https?|ssl|verbose|legacy|turbo|host|open|mock|remote)$/;
/** Names of what a program is for, rather than of how it is started. */
const ROLE = /^(server|worker|web|api)\b/;
/** What a person runs by hand: these check out, install, or call a container or another machine. */
const BY_HAND =
  /\bgit\s+(clone|checkout|pull|fetch|submodule)\b|\b(npm|pnpm|yarn|bun)\s+(ci|i|install|add)\b|\byarn\s*($|&&)|\b(docker|docker-compose|podman|kubectl|helm|terraform|vagrant|ssh|heroku|vercel|netlify|serverless|firebase\s+deploy)\b/;
/** Which variant a person starts while working on the project, the best first. */
const PREFERRED = ['dev', 'develop', 'development', 'watch', 'local', 'hmr', ''];

/** @returns null if it is not JSON or has no script that keeps running */
export function chooseScripts(directory: string, text: string): DetectedProject | null {
  const source = readYamlSource(text, 'package.json');
  if (!source.ok) return null;
  const scripts = entriesOf(nodeAt(source.root, 'scripts')).filter(
    (node) => node.kind === 'scalar' && textOf(node) !== '',
  );
  const names = scripts.map(({ key }) => key);
  const running = scripts.filter(({ key }) => LONG_RUNNING.test(key)).filter((node) => !BY_HAND.test(textOf(node)));
  if (running.length === 0) return null;
  const chosen = choose(running.map(({ key }) => key));
  const manager = managerOf('.', source.root, { read: (file) => readNear(directory, file) });
  const project = new ProjectDraft('package.json');
  const services = chosen.map((name) => addScript(project, scripts.find(({ key }) => key === name)!, manager));
  connectWaits(services, project.findings);
  const rest = names.filter((name) => !chosen.includes(name));
  return {
    project,
    from: 'package.json',
    notTakenOver: rest.length > 0 ? [`scripts that were left out: ${rest.join(', ')}`] : [],
  };
}

/** `start` and `start:dev` are one program; `start:api` and `start:worker` are two, which `start` may run together. */
function choose(names: string[]): string[] {
  const parts = names.filter((name) => modeOf(name) === null && /[:._-]/.test(name));
  const wholes = names.filter((name) => modeOf(name) !== null);
  const workers = wholes.filter((name) => /^worker/.test(name));
  const main = best(wholes.filter((name) => !ROLE.test(name)));
  // Without a script that starts the project, each script that is named for its role.
  if (main === undefined && wholes.length > 0) return [...onePerRole(wholes), ...onePerPart(parts)];
  const ofMain = parts.filter((name) => main !== undefined && name.split(/[:._-]/)[0] === main.split(/[:._-]/)[0]);
  const worker = best(workers);
  if (ofMain.length >= 2)
    return [...ofMain, ...parts.filter((name) => /^worker/.test(name)), ...(worker ? [worker] : [])];
  if (main === undefined) return onePerPart(parts);
  return [main, ...onePerPart(parts.filter((name) => /^worker/.test(name))), ...(worker ? [worker] : [])];
}

/** Of `api` and `api:dev` one. */
const onePerRole = (names: string[]): string[] => {
  const roles = [...new Set(names.map((name) => name.split(/[:._-]/)[0]!))];
  return roles.map((role) => best(names.filter((name) => name.split(/[:._-]/)[0] === role))!);
};

/** Of `dev:api` and `start:api` one. */
function onePerPart(names: string[]): string[] {
  const parts = new Map<string, string[]>();
  for (const name of names) {
    const part = name
      .split(/[:._-]/)
      .slice(1)
      .join('-');
    parts.set(part, [...(parts.get(part) ?? []), name]);
  }
  return [...parts.values()].map((same) => same.find((name) => name.startsWith('dev')) ?? same[0]!);
}

/** '' for `start`, `dev` for `dev` and `start:dev`; null for the name of a part, such as `start:api`. */
function modeOf(name: string): string | null {
  const [first = '', ...rest] = name.split(/[:._-]/);
  if (rest.length === 0) return /^(dev|develop|watch)$/.test(first) ? first : '';
  return rest.every((word) => VARIANT.test(word)) ? rest.join('-') : null;
}

function best(names: string[]): string | undefined {
  const rank = (name: string): number => {
    const at = PREFERRED.indexOf(modeOf(name) ?? '');
    return at === -1 ? PREFERRED.length : at;
  };
  const order = ['dev', 'develop', 'start', 'serve', 'server', 'web', 'api', 'watch'];
  return [...names].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      order.indexOf(a.split(/[:._-]/)[0]!) - order.indexOf(b.split(/[:._-]/)[0]!) ||
      a.length - b.length,
  )[0];
}

function addScript(project: ProjectDraft, node: SourceNode, manager: string): ScriptService {
  const text = textOf(node);
  const read = readScriptLine(text, binRunner(manager));
  const service = project.service(node.key, node);
  service.comments.push(text.replace(/\s+/g, ' ').slice(0, 100));
  if (read.waitsFor.length > 0) setLine(service, read, '.');
  else service.set('command', [manager, 'run', node.key].map(literal));
  if (read.needsStdin) service.set('stdin', true);
  return { service, text, waitsFor: read.waitsFor, at: node };
}
