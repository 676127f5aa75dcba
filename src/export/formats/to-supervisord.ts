// A supervisord.conf with a `[program:x]` for each service. supervisord runs no shell, expands `%(name)s`, and takes ` ;` and
// ` #` for the start of a comment, also within quotes.
import type { ServiceSpec } from '../../core/spec.ts';
import { nearly } from '../../import/model/loss-findings.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import type { ProjectRules } from '../model/report-keys.ts';
import { fillText, type InstanceWords, knownWords, uses } from '../text/instance-text.ts';
import { type ShellSteps, secretExports, shellLine, shellWord } from '../text/shell-line.ts';
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
  const { command, environment } = startOf(service, known);
  const { restart, stop } = spec;
  const lines: [string, string | number | null][] = [
    ['command', guarded(command)],
    ['directory', percent(fillText(spec.cwd, known, (text) => text))],
    ['environment', environment],
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
  const notes = variables.withheld.map((name) => `; set ${name} for supervisord: it is a secret`);
  const keys = lines.flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`]));
  return [`[program:${spec.name}]`, ...notes, ...keys];
}

/** A task ends whenever it likes. */
const startSeconds = ({ restart, readyAfterMs }: ServiceSpec): number =>
  restart.policy === 'never' ? 0 : Math.ceil(readyAfterMs / 1000);

/** Values go to `environment` where supervisord can read them back, others to env(1), and what only a shell can do to sh(1). */
function startOf({ spec, variables }: ExportedService, known: Record<string, string>) {
  const isPool = spec.pool > 1;
  const numbers = { ORCH_INSTANCE: '%(process_num)d', ORCH_INSTANCE_ID: `${spec.name}.%(process_num)d` };
  const words: InstanceWords = {
    ...Object.fromEntries(Object.entries(known).map(([name, value]) => [name, percent(value)])),
    ...(isPool && numbers),
  };
  const fixed: [string, string][] = [
    ...Object.keys(words).flatMap((name): [string, string][] =>
      name.startsWith('ORCH_') && (uses(spec, name) || (isPool && name === 'ORCH_INSTANCE'))
        ? [[name, words[name]!]]
        : [],
    ),
    ...(words.PORT === undefined ? [] : ([['PORT', words.PORT]] as [string, string][])),
  ];
  const isCounted = isPool && (typeof spec.port === 'number' || uses(spec, 'ORCH_INDEX'));
  const plain = variables.plain.filter(([name]) => spec.port === null || name !== 'PORT');
  const needsShell =
    spec.command.kind === 'shell' || isCounted || variables.files.length > 0 || variables.secrets.length > 0;
  const hasLineBreak = spec.command.kind === 'argv' && spec.command.argv.some((word) => /[\r\n]/.test(word));
  const filled = plain.map(([name, value]): [string, string] => [name, fillText(value, words, percent)]);
  const isShellValue = ([name]: [string, string]): boolean => {
    const template = spec.env[name];
    const isCountedValue = isCounted && typeof template === 'string' && /\$\{(?:PORT|ORCH_INDEX)\b/.test(template);
    return isCountedValue || variables.overridden.includes(name);
  };
  const apart = filled.filter((pair) => isShellValue(pair) || !isSafeValue(pair[1]));
  const environment = [...fixed, ...filled.filter((pair) => !apart.includes(pair))];
  const text = environment.map(([name, value]) => `${name}=${quotedValue(value)}`).join(',');
  const result = (command: string) => ({ command, environment: text === '' ? null : text });
  if (!needsShell && !hasLineBreak && apart.every(([, value]) => !/[\r\n]/.test(value))) {
    const argv = (spec.command as { argv: string[] }).argv.map((word) =>
      fillText(word, words, (part) => percent(shellWord(part))),
    );
    const before = apart.length === 0 ? [] : ['/usr/bin/env', ...apart.map((pair) => shellWord(pair.join('=')))];
    return result([...before, ...argv].join(' '));
  }
  const counted: [string, string][] = isCounted
    ? [
        ...(typeof spec.port === 'number'
          ? ([['PORT', `$((${spec.port - 1} + ORCH_INSTANCE))`]] as [string, string][])
          : []),
        ['ORCH_INDEX', '$((ORCH_INSTANCE - 1))'],
      ]
    : [];
  // Within the shell, the numbers are variables.
  const names = [...Object.keys(numbers), 'ORCH_INDEX', 'PORT'];
  const inner = {
    ...Object.fromEntries(Object.entries(known).map(([name, value]) => [name, shellWord(value)])),
    ...(isPool && Object.fromEntries(names.map((name) => [name, `"$${name}"`]))),
  };
  const exports = [
    ...plain
      .filter(([name]) => apart.some(([one]) => one === name))
      .map(([name, value]): [string, string] => [name, fillText(value, inner, shellWord)]),
    ...secretExports(variables.secrets),
  ];
  const steps: ShellSteps = { files: variables.files, unset: variables.removed, numbers: counted, exports };
  return result(`/bin/sh -c ${percent(shellWord(shellLine(spec.command, inner, steps)))}`);
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
