// A supervisord.conf with a `[program:x]` for each service. supervisord runs no shell, expands `%(name)s`, and takes ` ;` and
// ` #` for the start of a comment, also within quotes.
import type { ServiceSpec } from '../../core/spec.ts';
import { nearly } from '../../import/model/loss-findings.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import type { ProjectRules } from '../model/report-keys.ts';
import { fillText, knownWords } from '../text/instance-text.ts';
import { type ShellSteps, shellLine, shellWord } from '../text/shell-line.ts';
import { type StartVariables, startVariables } from '../text/start-variables.ts';
import { SUPERVISORD_KEYS } from './supervisord-keys.ts';
import { logLines } from './supervisord-logs.ts';

function writeSupervisord(project: ExportedProject): Record<string, string> {
  const head = [
    '[supervisord]',
    `identifier=${project.config.project}`,
    '\n[unix_http_server]',
    'file=%(here)s/supervisor.sock',
    '\n[supervisorctl]',
    'serverurl=unix://%(here)s/supervisor.sock',
    '\n[rpcinterface:supervisor]',
    'supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface',
  ];
  const programs = project.services.map((service) => programOf(service, project));
  return { 'supervisord.conf': `${[head, ...programs].map((lines) => lines.join('\n')).join('\n\n')}\n` };
}

/** No limit: the largest that `orch import` reads back. */
const MANY = 1000;
const percent = (text: string): string => text.replaceAll('%', '%%');
/** Ends the quotes before a character that would start a comment. */
const guarded = (text: string): string => text.replace(/(\s)(?=[;#])/g, "$1''");

function programOf(service: ExportedService, project: ExportedProject): string[] {
  const { spec, variables, level } = service;
  const known = knownWords(spec, project.config);
  const start = startVariables(service, project.config, { number: '%(process_num)d', escape: percent }, isSafeValue);
  const { restart, stop } = spec;
  const lines: [string, string | number | null][] = [
    ['command', guarded(commandOf(service, start))],
    ['directory', percent(fillText(spec.cwd, known, (text) => text))],
    ['environment', start.environment.map(([name, value]) => `${name}=${quotedValue(value)}`).join(',') || null],
    ['process_name', spec.pool > 1 ? '%(program_name)s_%(process_num)d' : null],
    ['numprocs', spec.pool > 1 ? spec.pool : null],
    ['numprocs_start', spec.pool > 1 ? 1 : null],
    ['priority', (level + 1) * 10],
    [
      'autostart',
      spec.start === 'manual' || spec.profiles.length > 0 || spec.schedule || spec.pool === 0 ? 'false' : null,
    ],
    ['autorestart', { always: 'true', on_failure: 'unexpected', never: 'false' }[restart.policy]],
    ['startsecs', startSeconds(spec)],
    ['startretries', restart.limit?.count ?? MANY],
    ['exitcodes', spec.successCodes === null ? null : [...new Set(spec.successCodes)].join(',')],
    ['stopsignal', stop.signal.replace(/^SIG/, '')],
    ['stopwaitsecs', Math.ceil(stop.graceMs / 1000)],
    ['stopasgroup', stop.to === 'tree' ? 'true' : null],
    ['killasgroup', 'true'],
    ['user', spec.user?.name ?? null],
    ['umask', spec.umask],
    ...logLines(spec, project),
  ];
  const notes = variables.withheld.map(([name]) => `; set ${name} for supervisord: it is a secret`);
  const keys = lines.flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  return [`[program:${spec.name}]`, ...notes, ...keys];
}

/** A task ends whenever it likes. */
const startSeconds = ({ restart, readyAfterMs }: ServiceSpec): number =>
  restart.policy === 'never' ? 0 : Math.ceil(readyAfterMs / 1000);

/** Values go to `environment` where supervisord can read them back, others to env(1), and what only a shell can do to sh(1). */
function commandOf({ spec: { command }, variables }: ExportedService, start: StartVariables): string {
  const needsShell = start.numbers.length + variables.files.length + variables.secrets.length > 0;
  const texts = command.kind === 'argv' ? [...command.argv, ...start.others.map(([, value]) => value)] : [];
  if (command.kind === 'argv' && !needsShell && !texts.some((text) => /[\r\n]/.test(text))) {
    const argv = command.argv.map((word) => fillText(word, start.words, (part) => percent(shellWord(part))));
    const pairs = start.others.map(([name, value]) => shellWord(`${name}=${fillText(value, start.words, percent)}`));
    return [...(pairs.length === 0 ? [] : ['/usr/bin/env', ...pairs]), ...argv].join(' ');
  }
  const { numbers, exports } = start;
  const steps: ShellSteps = { files: variables.files, unset: variables.removed, numbers, exports };
  return `/bin/sh -c ${percent(shellWord(shellLine(command, start.shellWords, steps)))}`;
}

/** supervisord takes quotes off both ends, knows no escapes, and cuts comments. */
function isSafeValue(value: string): boolean {
  if (/[\r\n\\]|\s[;#]|^['"]|['"]$/.test(value)) return false;
  return !(value.includes('"') && value.includes("'"));
}

const quotedValue = (value: string): string => (value.includes('"') ? `'${value}'` : `"${value}"`);

const OF_PROJECT: ProjectRules = {
  name: undefined,
  log_queues: nearly('each program has a file of its own, without a time in front of the lines'),
};

export const supervisord = {
  tool: 'supervisord',
  write: writeSupervisord,
  rules: SUPERVISORD_KEYS,
  ofProject: OF_PROJECT,
};
