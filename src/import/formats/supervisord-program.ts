// The keys of a `[program:x]`.

import { runAsRule } from '../model/account-keys.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { asIs, lost, type Rule, type ServiceRules } from '../model/rules.ts';
import { isOn, nodeAt, numberOf, type SourceNode, textOf } from '../source/source-node.ts';
import { fromSeconds, toSignal, toSize } from '../text/durations.ts';
import { wordsOf } from '../text/shell-words.ts';
import { readExitCodes } from './exit-codes.ts';
import { limitShortRuns } from './restart-limit.ts';
import { type ProgramNumbers, pairsOfEnvironment, toSupervisordText } from './supervisord-text.ts';

const merged = 'both streams go to one log queue, and each line names its stream (`o`, `e`)';

export function programRules(section: SourceNode, name: string): ServiceRules {
  const numbers: ProgramNumbers = { name, start: numberOf(nodeAt(section, 'numprocs_start')) ?? 0, port: null };
  const expand = (node: SourceNode, draft: ServiceDraft): { text: string; verdict: Verdict | undefined } => {
    const { text, lost: reason } = toSupervisordText(textOf(node), numbers);
    if (numbers.port !== null) draft.set('port', numbers.port);
    return { text, verdict: reason === null ? undefined : nearly(reason) };
  };
  const isMerged = isOn(nodeAt(section, 'redirect_stderr'));
  return {
    command: (node, { draft }) => {
      const { text, verdict } = expand(node, draft);
      draft.set('command', wordsOf(text));
      return verdict;
    },
    process_name: (node) =>
      /^%\(program_name\)s([_-]?%\(process_num\)0?\d*d)?$/.test(textOf(node))
        ? undefined
        : nearly(`instances are ${name}.1, ${name}.2, …`),
    numprocs: (node, { draft }) => {
      draft.set('pool', numberOf(node) ?? 1);
    },
    numprocs_start: (node) => ([0, 1].includes(numberOf(node) ?? 0) ? undefined : nearly('instances count from 1')),
    priority: () => nearly('`depends_on` keeps the order'),
    autostart: (node, { draft }) => {
      if (!isOn(node)) draft.set('start', 'manual');
    },
    startsecs: (node, { draft }) => {
      if (numberOf(node) !== 1) draft.set('ready_after', fromSeconds(numberOf(node) ?? 1));
    },
    // Starts that do not last for `startsecs` count.
    startretries: (node, { draft }) => {
      const startsecs = numberOf(nodeAt(section, 'startsecs')) ?? 1;
      limitShortRuns(draft, numberOf(node) ?? 3, fromSeconds(Math.max(1, startsecs)));
    },
    autorestart: asIs,
    exitcodes: (node, { draft }) => {
      const words = textOf(node).split(',');
      const read = readExitCodes(words.map((word) => word.trim()));
      if (!read.ok) return read.verdict;
      const { codes } = read;
      if (codes.length === 1 && codes[0] === 0) return undefined;
      draft.set('success_codes', codes);
      return undefined;
    },
    stopsignal: (node, { draft }) => {
      const signal = toSignal(textOf(node));
      if (signal === null) return notCarried('it is not a signal of this system');
      draft.merge('stop', { signal });
      return undefined;
    },
    stopwaitsecs: (node, { draft }) => {
      draft.merge('stop', { grace: fromSeconds(numberOf(node) ?? 10) });
    },
    stopasgroup: (node, { draft }) => {
      if (isOn(node)) draft.merge('stop', { to: 'tree' });
    },
    killasgroup: asIs,
    user: (node, { draft }) => runAsRule('user', textOf(node), draft),
    umask: (node, { draft }) => runAsRule('umask', textOf(node), draft),
    directory: (node, { draft }) => {
      const { text, verdict } = expand(node, draft);
      if (text.includes('\n')) return notCarried('it has several lines');
      draft.set('cwd', text);
      return verdict;
    },
    environment: (node, { draft }) => {
      const { env, lost: reasons } = pairsOfEnvironment(textOf(node), numbers);
      if (numbers.port !== null) draft.set('port', numbers.port);
      draft.merge('env', env);
      return reasons.length > 0 ? nearly(reasons.join('; ')) : undefined;
    },
    redirect_stderr: (node) => (isOn(node) || nodeAt(section, 'stderr_logfile') ? undefined : nearly(merged)),
    stdout_logfile: logRule(name, 'queue'),
    stderr_logfile: isMerged ? asIs : logRule(name, 'errQueue'),
    stdout_logfile_maxbytes: rotateRule('size', 'queue'),
    stdout_logfile_backups: rotateRule('keep', 'queue'),
    stderr_logfile_maxbytes: isMerged ? asIs : rotateRule('size', 'errQueue'),
    stderr_logfile_backups: isMerged ? asIs : rotateRule('keep', 'errQueue'),
    stdout_syslog: lost('a log queue can feed a service (`sink`), such as logger(1)'),
    stderr_syslog: lost('a log queue can feed a service (`sink`), such as logger(1)'),
    stdout_capture_maxbytes: lost('`orch events` has no messages of programs'),
    stderr_capture_maxbytes: lost('`orch events` has no messages of programs'),
    stdout_events_enabled: (node) => (isOn(node) ? notCarried('`orch logs -f --json` has the lines') : undefined),
    stderr_events_enabled: (node) => (isOn(node) ? notCarried('`orch logs -f --json` has the lines') : undefined),
    serverurl: asIs,
    socket: lost('write the address into `listen`: orch passes the socket as descriptor 3, not 0'),
    socket_owner: lost('orch opens the socket as its own user'),
    socket_mode: lost('orch opens the socket as its own user'),
  };
}

/** Of stdout, of stderr. */
type StreamQueue = 'queue' | 'errQueue';

function logRule(name: string, stream: StreamQueue): Rule<ServiceDraft> {
  return (node, { draft }) => {
    const path = toSupervisordText(
      textOf(node)
        .replace(/\n[\s\S]*/, '')
        .replace(/[_.-]?%\(process_num\)0?\d*d/, ''),
      {
        name,
        start: 1,
        port: null,
      },
    ).text;
    if (/^(AUTO|syslog)$/i.test(path))
      return path.toUpperCase() === 'AUTO' ? undefined : notCarried('a log queue can feed a service (`sink`)');
    if (/^(NONE|\/dev\/null)$/i.test(path)) return notCarried('output always goes to a log queue, which is rotated');
    if (/^\/dev\/(stdout|stderr|fd\/[12])$/.test(path))
      return nearly('`orch up` prints every line with its instance, and the log queue keeps it');
    draft[stream] = { path, format: 'raw', ...draft[stream] };
    return undefined;
  };
}

function rotateRule(key: 'size' | 'keep', stream: StreamQueue): Rule<ServiceDraft> {
  return (node, { draft, parent }) => {
    const file = textOf(nodeAt(parent, stream === 'queue' ? 'stdout_logfile' : 'stderr_logfile'));
    const value = key === 'keep' ? numberOf(node) : toSize(textOf(node));
    if (value === null) return notCarried('it is not a number');
    if (file === '' || /^(AUTO|NONE|\/dev\/.*)$/i.test(file)) return asIsFor(file);
    const before = draft[stream]?.rotate as PlainMap | undefined;
    draft[stream] = { ...draft[stream], rotate: { ...before, [key]: value, compress: 'none' } };
    return undefined;
  };
}

/** The default queue is rotated in its own way; a device is not. */
const asIsFor = (file: string): Verdict | undefined =>
  file.startsWith('/dev/') ? undefined : nearly('the default log queue has its own sizes: `log_queues.default.rotate`');
