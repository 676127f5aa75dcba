// supervisord.conf: its programs. A program is run without a shell, and counts as up after `startsecs`.

import { setRunAs } from '../model/account-keys.ts';
import { fromSource, type ImportContext, type ImportInput } from '../model/import-context.ts';
import { type Findings, nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, lost, type RuleTable } from '../model/rules.ts';
import { addTag } from '../model/tags.ts';
import { readIniSource } from '../source/ini-source.ts';
import { entriesOf, isOn, nodeAt, numberOf, type SourceMap, type SourceNode, textOf } from '../source/source-node.ts';
import { toServiceName } from '../text/names.ts';
import { programRules } from './supervisord-program.ts';
import { pairsOfEnvironment, toSupervisordText } from './supervisord-text.ts';

export function importSupervisord(inputs: ImportInput[], context: ImportContext): void {
  const { project } = context;
  const sections = inputs.flatMap((input) => readSections(input, context, 0));
  const priorities = new Map<ServiceDraft, number>();
  for (const section of sections) {
    const [kind, name] = section.key.split(':', 2) as [string, string?];
    if (kind === 'program' || kind === 'fcgi-program') {
      const service = importProgram(section, name ?? kind, context);
      priorities.set(service, numberOf(nodeAt(section, 'priority')) ?? 999);
    } else if (kind === 'group') importGroup(section, name ?? kind, project);
    else if (kind === 'supervisord') applyRules(section, SUPERVISORD_RULES, project, project.findings);
    else if (kind !== 'include') reportSection(section, kind, project.findings);
  }
  if (sections.some((section) => nodeAt(section, 'priority') && section.key.includes('program:')))
    orderByPriority(priorities);
}

/** `[include] files` names further files, with globs. */
function readSections({ file, text }: ImportInput, context: ImportContext, depth: number): SourceNode[] {
  const root: SourceMap = readIniSource(text, file, 'supervisord');
  context.project.comments.push(...root.comments);
  return root.entries.flatMap((section) => {
    if (section.key !== 'include') return [section];
    const files = nodeAt(section, 'files');
    const found = textOf(files)
      .split(/\s+/)
      .filter(Boolean)
      .flatMap((pattern) => context.list(fromSource(file, pattern)));
    if (files)
      context.project.findings.add(files, found.length > 0 ? undefined : notCarried('it names no file that exists'));
    return depth > 5
      ? []
      : found.flatMap((path) => readSections({ file: path, text: context.read(path) ?? '' }, context, depth + 1));
  });
}

function importProgram(section: SourceNode, name: string, { project }: ImportContext): ServiceDraft {
  const service = project.service(name, section);
  service.comments.push(...section.comments);
  const policy = textOf(nodeAt(section, 'autorestart')) || 'unexpected';
  service.set(
    'restart',
    policy === 'unexpected' ? 'on_failure' : isOn(nodeAt(section, 'autorestart')) ? 'always' : 'never',
  );
  applyRules(section, programRules(section, name), service, project.findings);
  return service;
}

function importGroup(section: SourceNode, name: string, project: ProjectDraft): void {
  for (const entry of entriesOf(section)) {
    if (entry.key !== 'programs') {
      project.findings.add(
        entry,
        entry.key === 'priority'
          ? nearly('the order is that of the programs')
          : notCarried('orch import does not know this key'),
      );
      continue;
    }
    const programs = textOf(entry)
      .split(',')
      .map((one) => one.trim());
    let verdict: Verdict | undefined;
    for (const program of programs) {
      const draft = project.find(program);
      if (draft) verdict = addTag(draft, name);
    }
    project.findings.add(entry, verdict);
  }
}

/** Programs of a lower priority start first and stop last; nothing waits for them to be up. */
function orderByPriority(priorities: Map<ServiceDraft, number>): void {
  const levels = [...new Set(priorities.values())].sort((a, b) => a - b);
  for (const [service, priority] of priorities) {
    const lower = levels[levels.indexOf(priority) - 1];
    for (const [other, level] of priorities)
      if (level === lower && other.keys.enabled !== false && other.keys.start !== 'manual')
        service.merge('depends_on', { [other.name]: 'started' });
  }
}

function reportSection(section: SourceNode, kind: string, findings: Findings): void {
  const verdicts: Record<string, Verdict> = {
    unix_http_server: nearly('orch is controlled over a socket of its own'),
    supervisorctl: nearly('orch is controlled over a socket of its own'),
    rpcinterface: nearly('orch is controlled over a socket of its own'),
    inet_http_server: notCarried('orch does not listen on the network'),
    eventlistener: notCarried('read `orch events -f --json` instead'),
  };
  const verdict = verdicts[kind] ?? notCarried('orch import does not know this section');
  // A listener is one thing that is lost, however many keys it has.
  if (kind === 'eventlistener') findings.add(section, verdict);
  else for (const entry of entriesOf(section)) findings.add(entry, verdict);
}

const own = 'it is about supervisord itself';
const SUPERVISORD_RULES: RuleTable<ProjectDraft> = {
  nodaemon: asIs,
  silent: asIs,
  logfile: () => nearly('what orch does is in `orch events`'),
  logfile_maxbytes: () => nearly('`orch events` keeps the last ones'),
  logfile_backups: () => nearly('`orch events` keeps the last ones'),
  loglevel: () => nearly('`orch events` has all'),
  pidfile: () => nearly('`orch ps --json` has the pid'),
  identifier: (node, { draft }) => {
    draft.set('name', toServiceName(textOf(node)));
  },
  environment: (node, { draft, findings }) => {
    const { env, lost: reasons } = pairsOfEnvironment(textOf(node), { name: 'supervisord', start: 1, port: null });
    draft.merge('env', env);
    for (const reason of reasons) findings.add(node, nearly(reason));
    return undefined;
  },
  directory: (node) =>
    toSupervisordText(textOf(node), { name: '', start: 1, port: null }).text === '.'
      ? undefined
      : notCarried('set `cwd` of the services'),
  childlogdir: () => nearly('`path` of a log queue names directory and file'),
  // What supervisord itself becomes, and so its programs: they need not change to it.
  user: (node, { draft }) =>
    textOf(node) === 'root'
      ? nearly('programs run as the user who runs orch')
      : setRunAs('user', textOf(node), (user) => draft.merge('defaults', { user })),
  umask: (node, { draft }) => setRunAs('umask', textOf(node), (umask) => draft.merge('defaults', { umask })),
  minfds: (node, { draft }) => {
    draft.merge('defaults', { limits: { nofile: numberOf(node) ?? 1024 } });
  },
  minprocs: lost('set it for the machine'),
  nocleanup: asIs,
  strip_ansi: () => nearly('the output of programs is stored as it is'),
  serverurl: lost(own),
};
