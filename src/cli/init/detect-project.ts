// What `orch init` makes a first procs.yaml from: the file of another tool, or the scripts of package.json, or a sample.
import { join } from 'node:path';
import { detectFormat } from '../../import/detect-format.ts';
import { dropRefused } from '../../import/drop-refused.ts';
import { readProject } from '../../import/import-files.ts';
import { finishProject } from '../../import/model/finish.ts';
import { ImportProblem } from '../../import/model/import-context.ts';
import { ProjectDraft } from '../../import/model/project-draft.ts';
import { evaluateScript } from '../import/evaluate-script.ts';
import { listNear, readNear } from '../import/read-inputs.ts';
import { chooseScripts } from './choose-scripts.ts';
import type { DetectedProject } from './detected-project.ts';

/** The more a format says about programs of this machine, the earlier it is asked. */
const CANDIDATES = [
  ...['Procfile.dev', 'Procfile', 'process-compose.yaml', 'process-compose.yml', 'mprocs.yaml', 'pitchfork.toml'],
  ...['ecosystem.config.js', 'ecosystem.config.cjs', 'ecosystem.config.mjs', 'pm2.json', 'supervisord.conf'],
  ...['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml', 'package.json'],
];

export async function detectProject(directory: string): Promise<DetectedProject> {
  const seen: string[] = [];
  const notes: string[] = [];
  let found: DetectedProject | null = null;
  for (const file of CANDIDATES) {
    const text = readNear(directory, file);
    if (text === null) continue;
    if (found) seen.push(file);
    else found = await tryFile(directory, file, text, notes);
  }
  const detected = found ?? sample();
  // process-compose reads compose.yaml, too, and a Procfile stands next to its variant: named once, as files.
  const others = seen.map((file) => `${file}: another way to run the project; \`orch import ${file}\` shows it`);
  detected.notTakenOver.push(...notes, ...others);
  addVariables(detected.project, directory);
  return detected;
}

/** @returns null for a file without a program; what it has otherwise is added to the notes */
async function tryFile(
  directory: string,
  file: string,
  text: string,
  notes: string[],
): Promise<DetectedProject | null> {
  try {
    const { project } = await readProject({
      inputs: [{ file, text }],
      format: file === 'package.json' ? 'package-json' : detectFormat(file, text),
      read: (name) => readNear(directory, name),
      list: (pattern) => listNear(directory, pattern),
      evaluate: (name, environment) => evaluateScript(join(directory, name), environment),
      keepsContainers: false,
    });
    const detected = await settle({ project, from: file, notTakenOver: [] });
    if (project.services.length > 0) return detected;
    notes.push(...detected.notTakenOver);
  } catch (error) {
    if (!(error instanceof ImportProblem)) throw error;
    if (file !== 'package.json') notes.push(`${file}: ${error.message}`);
  }
  const chosen = file === 'package.json' ? chooseScripts(directory, text) : null;
  return chosen && settle(chosen);
}

/** With what is not taken over because it does not fit procs.yaml. */
async function settle({ project, from, notTakenOver }: DetectedProject): Promise<DetectedProject> {
  finishProject(project);
  await dropRefused(project);
  return { project, from, notTakenOver: [...sentencesOf(project), ...notTakenOver] };
}

/** `web.volumes: why`, without the name of the map that holds the services. */
function sentencesOf(project: ProjectDraft): string[] {
  const lost = project.findings.all().filter(({ outcome }) => outcome === 'not carried');
  return lost.map(({ path, reason }) => {
    const short = path.replace(/^(services|processes|procs|daemons|scripts|program:)\.?/, '');
    return `${short}: ${reason}`;
  });
}

/** A service that runs wherever orch does and prints output. */
function sample(): DetectedProject {
  const project = new ProjectDraft('procs.yaml');
  const service = project.service('hello');
  service.comments.push('An example: put your own program here.');
  const node = process.platform === 'win32' ? 'node.exe' : 'node';
  service.set('command', [node, '-e', "setInterval(() => console.log('hello'), 1000)"]);
  return { project, from: null, notTakenOver: [] };
}

const PYTHON = /(^|[\s/])(python[\d.]*|gunicorn|uvicorn|celery|flask|django-admin)(\s|$)/;

/** `.env` if it is there; and Python writes lines at once only when it is asked to. */
function addVariables(project: ProjectDraft, directory: string): void {
  if (project.keys.env_files === undefined && readNear(directory, '.env') !== null) project.set('env_files', ['?.env']);
  for (const service of project.services) {
    const words = [service.keys.command].flat().map(String).join(' ');
    if (PYTHON.test(words) && !/\s-u\s/.test(words) && service.map('env').PYTHONUNBUFFERED === undefined)
      service.merge('env', { PYTHONUNBUFFERED: '1' });
  }
}
