// The section [Service] of a unit.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml

import { runAsRule } from '../model/account-keys.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { asIs, lost, type Rule, type ServiceRules } from '../model/rules.ts';
import { isOn, nodeAt, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { toTimespanMs } from '../text/cron.ts';
import { fromMs, toSignal, toSize } from '../text/durations.ts';
import { wordsOf } from '../text/shell-words.ts';
import { refusal } from './env-variables.ts';
import { changeRestart, setPolicy } from './restart-limit.ts';
import { START_LIMIT_RULES } from './systemd-limit.ts';
import { type ExecLine, joinLines, type Specified, toExecLine } from './systemd-text.ts';

const user = 'programs run as the user who runs orch';

export function serviceRules(section: SourceNode, specifier: (text: string) => Specified): ServiceRules {
  const type = textOf(nodeAt(section, 'Type')) || 'simple';
  const lines = (node: SourceNode): ExecLine[] => textsOf(node).map((line) => toExecLine(specifier(line).text));
  const verdictOf = (node: SourceNode): Verdict | undefined => {
    const reasons = textsOf(node).flatMap((line) => specifier(line).lost ?? []);
    return reasons.length > 0 ? nearly(reasons.join('; ')) : undefined;
  };
  const own = (node: SourceNode): string => specifier(textOf(node)).text;
  const rules: ServiceRules = {
    // Units of older versions have them here.
    ...START_LIMIT_RULES,
    Type: (_node, { draft }) => setType(type, draft),
    ExecStart: (node, { draft }) => {
      const all = lines(node);
      draft.set('command', all.length === 1 && !all[0]!.isOptional ? all[0]!.command : joinLines(all));
      return verdictOf(node);
    },
    ExecStartPre: (node, { draft }) => {
      const before = draft.map('hooks').before_start;
      const all = lines(node);
      const text = all.length === 1 && !all[0]!.isOptional ? all[0]!.command : joinLines(all);
      draft.merge('hooks', { before_start: before === undefined ? text : `${String(before)} && ${joinLines(all)}` });
      return verdictOf(node);
    },
    ExecCondition: (node, { draft }) => {
      draft.merge('hooks', { before_start: joinLines(lines(node)) });
      return nearly('an exit code other than 0 prevents the start, and is a failure');
    },
    ExecStartPost: (node, { draft }) => {
      draft.merge('hooks', { after_ready: joinLines(lines(node)) });
      return verdictOf(node);
    },
    ExecStop: (node, { draft }) => {
      const text = joinLines(lines(node));
      const signal = /^(?:\/bin\/|\/usr\/bin\/)?kill (?:-s |-)?(?:SIG)?([A-Z]+|\d+) "?\$\{?MAINPID\}?"?$/.exec(
        text,
      )?.[1];
      const known = signal === undefined ? null : toSignal(signal);
      if (known !== null) draft.merge('stop', { signal: known });
      else if (/MAINPID/.test(text)) return notCarried('`stop.command` does not know the pid: choose `stop.signal`');
      else draft.merge('stop', { command: text });
      return undefined;
    },
    ExecStopPost: (node, { draft }) => {
      draft.merge('hooks', { after_exit: joinLines(lines(node)) });
    },
    ExecReload: (node, { draft }) => setReload(joinLines(lines(node)), draft),
    Restart: (node, { draft }) => setRestart(textOf(node), draft),
    RestartSec: (node, { draft }) => {
      const ms = toTimespanMs(textOf(node));
      if (ms === null) return notCarried('it is not a duration');
      changeRestart(draft, { backoff: fromMs(ms) });
      return undefined;
    },
    RestartSteps: () => nearly('`restart.backoff.factor` is the growth of the pause'),
    RestartMaxDelaySec: (node, { draft }) => {
      const restart = draft.map('restart');
      const { backoff } = restart;
      const initial = typeof backoff === 'string' ? { initial: backoff } : (backoff as PlainMap | undefined);
      changeRestart(draft, { backoff: { ...initial, max: fromMs(toTimespanMs(textOf(node)) ?? 30_000), factor: 2 } });
    },
    SuccessExitStatus: (node, { draft }) => {
      const codes = textOf(node)
        .split(/\s+/)
        .filter((word) => /^\d+$/.test(word))
        .map(Number);
      draft.set('success_codes', [...new Set([0, ...codes])]);
      return undefined;
    },
    RestartPreventExitStatus: lost('a failure is a failure, whatever its code'),
    RestartForceExitStatus: lost('a failure is a failure, whatever its code'),
    RemainAfterExit: asIs,
    GuessMainPID: asIs,
    PIDFile: () =>
      type === 'forking' ? notCarried('orch follows the main process: keep the program in the foreground') : undefined,
    TimeoutStartSec: () => nearly('a start has no limit: `startup` and `liveness` restart what does not come up'),
    TimeoutStopSec: (node, { draft }) => setGrace(node, draft),
    TimeoutSec: (node, { draft }) => setGrace(node, draft),
    TimeoutAbortSec: asIs,
    RuntimeMaxSec: (node, { draft }) => {
      const ms = toTimespanMs(textOf(node));
      if (ms) draft.set('timeout', fromMs(ms));
      return undefined;
    },
    WatchdogSec: lost('a probe under `liveness` restarts what hangs'),
    NotifyAccess: asIs,
    KillSignal: (node, { draft }) => {
      const signal = toSignal(textOf(node));
      if (signal === null) return notCarried('it is not a signal of this system');
      draft.merge('stop', { signal });
      return undefined;
    },
    FinalKillSignal: (node) => (textOf(node) === 'SIGKILL' ? undefined : notCarried('the last signal is SIGKILL')),
    SendSIGHUP: lost('`stop.escalate` sends further signals'),
    SendSIGKILL: (node) => (isOn(node) ? undefined : notCarried('SIGKILL follows the grace period')),
    KillMode: (node, { draft }) => {
      const mode = textOf(node);
      draft.merge('stop', { to: mode === 'mixed' || mode === 'process' ? 'main' : 'tree' });
      return mode === 'process' || mode === 'none' ? nearly('what is left of the tree is stopped, too') : undefined;
    },
    Environment: (node, { draft, findings }) => {
      for (const text of textsOf(node))
        for (const pair of wordsOf(specifier(text).text)) {
          const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(pair) ?? [];
          const reason = name === undefined ? 'it is not NAME=value' : refusal(name);
          if (reason !== null) findings.addAt(`${node.path}.${name ?? pair}`, node.at, notCarried(reason));
          else draft.merge('env', { [name!]: value!.replace(/\$(?!\{ORCH|\{HOME|\{USER|\{HOSTNAME|\{XDG)/g, '$$$$') });
        }
      return verdictOf(node);
    },
    EnvironmentFile: (node, { draft }) => {
      for (const path of textsOf(node))
        draft.append('env_files', path.startsWith('-') ? `?${specifier(path.slice(1)).text}` : specifier(path).text);
      return verdictOf(node);
    },
    PassEnvironment: () => nearly('programs have the environment of `orch up`'),
    UnsetEnvironment: lost('programs have the environment of `orch up`'),
    WorkingDirectory: (node, { draft }) => {
      const path = own(node).replace(/^-/, '');
      draft.set('cwd', path === '~' ? '${HOME}' : path);
    },
    User: userRule('user'),
    Group: userRule('group'),
    UMask: userRule('umask'),
    DynamicUser: (node) => (isOn(node) ? notCarried(user) : undefined),
    SupplementaryGroups: lost(user),
    LimitNOFILE: (node, { draft }) => {
      const soft = Number(textOf(node).split(':')[0]);
      if (!Number.isInteger(soft) || soft < 16) return notCarried('`limits.nofile` is a number');
      draft.merge('limits', { nofile: soft });
      return undefined;
    },
    Nice: (node, { draft }) => {
      draft.merge('limits', { nice: Number(textOf(node)) });
    },
    MemoryMax: (node, { draft }) => setMemory(node, draft),
    MemoryLimit: (node, { draft }) => setMemory(node, draft),
    MemoryHigh: () => nearly('`limits.memory` is one limit'),
    StandardOutput: (node, { draft }) => setOutput(node, draft, true),
    StandardError: (node, { draft }) => setOutput(node, draft, false),
    StandardInput: (node, { draft }) => {
      if (/^tty/.test(textOf(node))) draft.set('tty', true);
      return /^(null|tty.*)$/.test(textOf(node)) ? undefined : notCarried('`stdin: true` keeps it open');
    },
    TTYPath: lost('orch gives the program a terminal of its own'),
    SyslogIdentifier: () => nearly('each line names its instance'),
    RuntimeDirectory: lost('make the directory in `hooks.before_start`'),
    StateDirectory: lost('make the directory in `hooks.before_start`'),
    LogsDirectory: lost('make the directory in `hooks.before_start`'),
    CacheDirectory: lost('make the directory in `hooks.before_start`'),
    RuntimeDirectoryMode: lost('make the directory in `hooks.before_start`'),
    Slice: lost('`limits` hold for each service'),
    BusName: lost('a probe under `readiness` can wait for the name'),
    Sockets: asIs,
  };
  for (const key of RESOURCES) rules[key] = lost('`limits` has memory, nofile and nice');
  for (const key of SANDBOX) rules[key] = lost(`${user}, with its rights and its files`);
  return rules;
}

const RESOURCES = [
  'CPUQuota',
  'CPUWeight',
  'CPUAffinity',
  'CPUSchedulingPolicy',
  'IOWeight',
  'IOSchedulingClass',
  'TasksMax',
  'LimitNPROC',
  'LimitCORE',
  'LimitMEMLOCK',
  'LimitAS',
  'OOMScoreAdjust',
  'MemorySwapMax',
  'Delegate',
  'MemoryAccounting',
  'CPUAccounting',
];
const SANDBOX = (
  'NoNewPrivileges PrivateTmp PrivateDevices PrivateNetwork PrivateUsers PrivateMounts ProtectSystem ProtectHome ProtectKernelTunables ' +
  'ProtectKernelModules ProtectKernelLogs ProtectControlGroups ProtectClock ProtectHostname ProtectProc ReadWritePaths ReadOnlyPaths ' +
  'InaccessiblePaths BindPaths BindReadOnlyPaths TemporaryFileSystem CapabilityBoundingSet AmbientCapabilities RestrictAddressFamilies ' +
  'RestrictNamespaces RestrictRealtime RestrictSUIDSGID LockPersonality MemoryDenyWriteExecute SystemCallFilter SystemCallArchitectures ' +
  'SystemCallErrorNumber DeviceAllow DevicePolicy IPAddressAllow IPAddressDeny RootDirectory PAMName LoadCredential RemoveIPC ProcSubset'
).split(' ');

function setType(type: string, draft: ServiceDraft): Verdict | undefined {
  switch (type) {
    case 'simple':
    case 'exec':
    case 'idle':
      draft.set('ready_after', '0s');
      return undefined;
    case 'notify':
    case 'notify-reload':
      draft.merge('readiness', { notify: true });
      return undefined;
    case 'oneshot':
      draft.set('restart', 'never');
      return undefined;
    case 'forking':
      return notCarried('orch follows the main process: keep the program in the foreground');
    default:
      return notCarried('orch follows the main process');
  }
}

function setRestart(policy: string, draft: ServiceDraft): Verdict | undefined {
  switch (policy) {
    case 'no':
      setPolicy(draft, 'never');
      return undefined;
    case 'always':
      setPolicy(draft, 'always');
      return undefined;
    case 'on-failure':
      setPolicy(draft, 'on_failure');
      return undefined;
    case 'on-abnormal':
    case 'on-abort':
    case 'on-watchdog':
      setPolicy(draft, 'on_failure');
      return nearly('an exit code other than 0 restarts it, too');
    default:
      return notCarried('`restart` is always, on_failure or never');
  }
}

function setReload(line: string, draft: ServiceDraft): Verdict | undefined {
  const signal = /kill (?:-s |-)?(?:SIG)?([A-Z]+|\d+) /.exec(line)?.[1];
  const known = signal === undefined ? null : toSignal(signal);
  if (known === null) return notCarried('set `reload: { command: […] }`');
  draft.set('reload', { signal: known });
  return undefined;
}

function setGrace(node: SourceNode, draft: ServiceDraft): Verdict | undefined {
  if (textOf(node) === 'infinity') {
    draft.merge('stop', { grace: '1d' });
    return nearly('a day at most');
  }
  const ms = toTimespanMs(textOf(node));
  if (ms === null) return notCarried('it is not a duration');
  draft.merge('stop', { grace: fromMs(ms) });
  return undefined;
}

function userRule(key: 'user' | 'group' | 'umask'): Rule<ServiceDraft> {
  return (node, { draft }) => runAsRule(key, textOf(node), draft);
}

function setMemory(node: SourceNode, draft: ServiceDraft): Verdict | undefined {
  const size = toSize(textOf(node));
  if (size === null) return textOf(node) === 'infinity' ? undefined : notCarried('`limits.memory` is a size');
  draft.merge('limits', { memory: { max: size, action: 'kill' } });
  return undefined;
}

function setOutput(node: SourceNode, draft: ServiceDraft, isOutput: boolean): Verdict | undefined {
  const target = textOf(node);
  const path = /^(?:append|file|truncate):(.*)$/.exec(target)?.[1];
  if (path === undefined) {
    if (target === 'inherit' && !isOutput) return undefined;
    if (/^(journal|syslog|kmsg|inherit|journal\+console)$/.test(target))
      return nearly('output goes to a log queue: `orch logs`');
    return target === 'tty' ? undefined : notCarried('output always goes to a log queue, which is rotated');
  }
  const queue = { path, format: 'raw' };
  if (isOutput) draft.queue = { ...queue, ...draft.queue };
  else draft.errQueue = { ...queue, ...draft.errQueue };
  return undefined;
}
