// A Procfile for foreman, honcho, overmind and hivemind: a line for each service, which sh(1) runs.
import { relative } from 'node:path';
import type { ServiceSpec } from '../../core/spec.ts';
import { nearly, notCarried } from '../../import/model/loss-findings.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import { differs, envRule, exact, type KeyRule, type KeyRules, lost, type ProjectRules } from '../model/report-keys.ts';
import { fillText, knownWords, uses } from '../text/instance-text.ts';
import { type ShellSteps, secretExports, shellLine, shellWord } from '../text/shell-line.ts';
import { isOneshot } from './systemd-units.ts';

export function writeProcfile(project: ExportedProject): Record<string, string> {
  const pools = project.services.filter(({ spec }) => spec.pool > 1 && isStarted(spec, project));
  const formation = pools.map(({ spec }) => `${spec.name}=${spec.pool}`).join(',');
  const head = formation === '' ? [] : [`# foreman start -m all=1,${formation}`];
  return { Procfile: `${[...head, ...project.services.map((service) => lineOf(service, project))].join('\n')}\n` };
}

function lineOf({ spec, variables }: ExportedService, project: ExportedProject): string {
  const { config, directory: home } = project;
  const known = Object.entries(knownWords(spec, config)).map(([name, value]) => [name, shellWord(value)] as const);
  const counted = numbersOf(spec.name, spec.pool);
  const words = {
    ...Object.fromEntries(known),
    // The line has set them before.
    ...(spec.port !== null && { PORT: '"$PORT"' }),
    ...(spec.pool > 1 && Object.fromEntries(Object.keys(counted).map((name) => [name, `"$${name}"`]))),
  };
  const own: Record<string, string> = spec.pool > 1 ? counted : Object.fromEntries(known);
  const used = Object.keys(own).filter((name) => name !== 'PORT' && name.startsWith('ORCH_') && uses(spec, name));
  const directory = relative(
    home,
    fillText(spec.cwd, words, (text) => text),
  );
  const numbers = [...used.map((name): [string, string] => [name, own[name]!]), ...portOf(spec.port, spec.pool)];
  const exports: [string, string][] = [
    ...variables.plain
      .filter(([name]) => name !== 'PORT' || spec.port === null)
      .map(([name, value]): [string, string] => [name, fillText(value, words, shellWord)]),
    ...secretExports(variables.secrets),
  ];
  // `.env` next to the Procfile is read by foreman itself, but not by each of its kind.
  const files = variables.files.map((file) => shellFile(relative(home, file)));
  const steps = { files, unset: variables.removed, numbers, exports };
  const line = shellLine(spec.command, words, directory === '' ? steps : inDirectory(steps, directory));
  // Where all start at once, and all end with the first that ends, it must not be among them.
  return `${isStarted(spec, project) ? '' : '# '}${spec.name}: ${line}`;
}

const isStarted = (spec: ServiceSpec, { config }: ExportedProject): boolean =>
  spec.start === 'auto' &&
  spec.schedule === null &&
  spec.profiles.length === 0 &&
  spec.pool > 0 &&
  !isOneshot(spec, config);

/** The files are named from the directory of the Procfile: they are read first. */
function inDirectory(steps: ShellSteps & { files: string[] }, directory: string): ShellSteps {
  const up = relative(`/${directory}`, '/');
  const isBelow = !directory.startsWith('..') && !directory.startsWith('/');
  const files = steps.files.map((file) =>
    isBelow && !file.startsWith('/') ? `${up}/${file.replace(/^\.\//, '')}` : file,
  );
  return { ...steps, files, directory };
}

/** `.` of sh looks for a bare name in PATH. */
const shellFile = (path: string): string => (path.startsWith('/') || path.startsWith('..') ? path : `./${path}`);

/** foreman and its kind count the instances of a process in PORT: base + 100 for each process + 1 for each instance. */
function numbersOf(name: string, pool: number): Record<string, string> {
  return {
    ORCH_INSTANCE: '$((PORT % 100 + 1))',
    ORCH_INDEX: '$((PORT % 100))',
    ORCH_INSTANCE_ID: `${name}.$((PORT % 100 + 1))`,
    ORCH_POOL_SIZE: String(pool),
  };
}

function portOf(port: number | 'auto' | null, pool: number): [string, string][] {
  // The tool gives each process a port of its own.
  if (port === null || port === 'auto') return [];
  return [['PORT', pool <= 1 ? String(port) : `$((${port} + PORT % 100))`]];
}

const restart: KeyRule = ({ spec }, project) => {
  if (spec.restart.policy !== 'never')
    return notCarried('nothing is restarted: one process ends, all end (overmind: `-r all`)');
  if (isOneshot(spec, project.config) && spec.schedule === null)
    return notCarried('its line is a comment, as all end when it ends: run it before the others');
  return spec.onEnd === 'down' || !isStarted(spec, project)
    ? undefined
    : notCarried('when it ends, all end: run it before the others');
};

const RULES: KeyRules = {
  title: differs('the name of the service is shown'),
  description: lost('a Procfile says nothing about a process'),
  tags: lost('`foreman start NAME` takes one name'),
  command: exact,
  cwd: exact,
  env: envRule('the shell reads it at each start'),
  env_files: differs('the shell reads the files: values with blanks need quotes, and it fills in `$NAME` as well'),
  pool: ({ spec }) =>
    spec.pool === 1
      ? undefined
      : spec.pool === 0
        ? nearly('its line is a comment')
        : nearly(`\`foreman start -m ${spec.name}=${spec.pool}\` starts them`),
  port: ({ spec }) => {
    if (spec.port === 'auto') return nearly('the tool gives it a PORT');
    return spec.pool <= 1 ? undefined : nearly('counted from the PORT that the tool gives to each process');
  },
  singleton: lost('a process runs once for each start of the tool'),
  log_queue: differs('the tool prints the lines, and stores none'),
  stderr_queue: differs('the tool prints the lines, and stores none'),
  depends_on: lost('all processes start at once'),
  readiness: lost('a Procfile has no probes'),
  ready_after: lost('nothing waits for a process'),
  liveness: lost('a Procfile has no probes'),
  startup: lost('a Procfile has no probes'),
  rollout: lost('an edit needs a new start of the tool'),
  restart,
  success_codes: lost('one process ends, all end, whatever its code'),
  on_end: ({ spec }) => (spec.onEnd === 'down' ? undefined : notCarried('one process ends, all end')),
  on_failure: ({ spec }) => (spec.onFailure === 'down' ? undefined : notCarried('one process ends, all end')),
  stop: ({ spec: { stop } }) => {
    const isPlain = !stop.command && stop.message === undefined && !stop.drain && !stop.escalate.length;
    const isSame = stop.signal === 'SIGTERM' && stop.to === 'tree' && isPlain;
    return isSame
      ? nearly('set the grace period by `-t`, for all')
      : notCarried('SIGTERM goes to every process at once; `-t` is the grace period');
  },
  reload: lost('signal the process yourself'),
  listen: lost('the program opens its sockets itself'),
  schedule: lost('its line is a comment: cron(8) knows times'),
  timeout: lost('a process has no time limit'),
  watch: lost('a Procfile watches no files'),
  hooks: lost('write them into the command: `migrate && exec server`'),
  limits: lost('`ulimit` in the command sets the number of open files'),
  profiles: lost('its line is a comment'),
  stdin: lost('processes have no input'),
  tty: differs('overmind gives each process a terminal, foreman none'),
  user: lost('processes run as the user of the tool'),
  group: lost('processes run as the user of the tool'),
  umask: lost('`umask` in the command sets it'),
  exit_record: lost('it is about orch itself'),
  enabled: exact,
  start: ({ spec }) => (spec.start === 'manual' ? notCarried('all processes start at once') : undefined),
  variants: exact,
};

const OF_PROJECT: ProjectRules = {
  name: nearly('the name of the directory counts'),
  log_queues: notCarried('a Procfile has no log files'),
  policy: notCarried('it is about orch itself'),
};

export const procfile = { tool: 'a Procfile', write: writeProcfile, rules: RULES, ofProject: OF_PROJECT };
