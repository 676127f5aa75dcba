// The project that tests of `orch up --follow` change by commits.
import type { Clone } from '../rig/clone.ts';
import { incarnations, type Project } from '../rig/project.ts';

export const procs = (services: string, more = ''): string =>
  `services:\n${services}\ndefaults: { ready_after: 50ms, restart: { backoff: { initial: 10ms, max: 20ms } } }\n${more}`;
export const API = '  api: { command: [sh, -c, "cat version; exec sleep 1000"], cwd: api }';
export const DB = '  db: { command: [sleep, "1001"], cwd: db }';
export const FILES = {
  'procs.yaml': procs(`${API}\n${DB}`),
  'api/version': 'one\n',
  'db/schema': 'one\n',
  'notes.txt': 'one\n',
};
export const BROKEN = procs(`${API.replace('command', 'comand')}\n${DB}`);
export const CRASHING = procs(`${API.replace('exec sleep 1000', 'exit 3')}\n${DB}`);

export const running = (project: Project) => incarnations(project.instances());
export const head = ({ git }: Clone) => git('rev-parse', 'HEAD').trim();
export const followEvents = async (project: Project) =>
  (await project.events()).map(({ type }) => type).filter((type) => /^(commit_|following_|fetch_)/.test(type));
