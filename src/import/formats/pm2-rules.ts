// The keys of an app of pm2.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml

import { runAsRule } from '../model/account-keys.ts';
import { fromSource } from '../model/import-context.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { asIs, lost, type Rule, type ServiceRules } from '../model/rules.ts';
import { addTag } from '../model/tags.ts';
import { entriesOf, isOn, nodeAt, numberOf, plainOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { fromMs, toSize } from '../text/durations.ts';
import { wordsOf } from '../text/shell-words.ts';
import { literal } from '../text/variables.ts';
import { refusal } from './env-variables.ts';
import { readExitCodes } from './exit-codes.ts';
import { logRule, msText, setCron, setWatch } from './pm2-values.ts';
import { changeRestart, limitShortRuns, setPause } from './restart-limit.ts';

/** What pm2 starts a script with, by the end of its name. */
const INTERPRETERS: Record<string, string> = {
  js: 'node',
  cjs: 'node',
  mjs: 'node',
  ts: 'tsx',
  py: 'python3',
  rb: 'ruby',
  sh: 'bash',
  php: 'php',
  pl: 'perl',
};

export function pm2Rules(app: SourceNode, file: string, service: ServiceDraft): ServiceRules {
  const name = service.name;
  const rules: ServiceRules = {
    name: asIs,
    script: (_node, { draft }) => {
      draft.set('command', commandOf(app));
    },
    args: asIs,
    interpreter: asIs,
    exec_interpreter: asIs,
    node_args: asIs,
    interpreter_args: asIs,
    cwd: (node, { draft }) => {
      draft.set('cwd', fromSource(file, text(node)));
    },
    env: (node, { draft, findings }) => {
      const { PORT, ...env } = environmentOf(node, findings);
      if (PORT !== undefined && /^\d+$/.test(PORT)) draft.set('port', Number(PORT));
      else if (PORT !== undefined) env.PORT = PORT;
      if (Object.keys(env).length > 0) draft.merge('env', env);
    },
    env_file: (node, { draft }) => {
      draft.append('env_files', ...textsOf(node).map((path) => `?${fromSource(file, path)}`));
    },
    instances: (node, { draft }) => setInstances(node, app, draft),
    exec_mode: (node) => (/cluster/.test(textOf(node)) ? clusterVerdict(app) : undefined),
    increment_var: (node) =>
      textOf(node) === 'PORT' ? undefined : nearly(`\`port\` counts up PORT; ${textOf(node)} stays the same`),
    instance_var: (node, { draft }) => {
      draft.merge('env', { [textOf(node)]: '${ORCH_INDEX}' });
    },
    namespace: (node, { draft }) => addTag(draft, textOf(node)),
    watch: (node, { draft }) => setWatch(node, draft),
    ignore_watch: (node, { draft }) => {
      if (draft.keys.watch === undefined) return undefined;
      draft.merge('watch', { ignore: textsOf(node).map((path) => path.replace(/\/$/, '')) });
      return undefined;
    },
    watch_delay: (node, { draft }) => {
      if (draft.keys.watch !== undefined) draft.merge('watch', { debounce: fromMs(numberOf(node) ?? 0) });
    },
    watch_options: () => nearly('orch chooses how it watches'),
    max_memory_restart: (node, { draft }) => {
      const size = toSize(textOf(node));
      if (size === null) return notCarried('it is not a size');
      draft.merge('limits', { memory: size });
      return undefined;
    },
    autorestart: (node, { draft }) => {
      if (!isOn(node)) draft.set('restart', 'never');
    },
    max_restarts: (node, { draft }) => {
      // Restarts after less than `min_uptime`, by default a second, count.
      const uptime = msText(nodeAt(app, 'min_uptime')) ?? '1s';
      if (draft.keys.restart !== 'never') limitShortRuns(draft, numberOf(node) ?? 16, uptime);
    },
    min_uptime: (node, { draft }) => {
      const duration = msText(node);
      if (duration === null) return notCarried('it is not a duration');
      if (draft.keys.restart !== 'never') changeRestart(draft, { healthy_after: duration });
      return undefined;
    },
    restart_delay: (node, { draft }) => {
      const pause = numberOf(node) ?? 0;
      if (pause > 0) setPause(draft, fromMs(pause));
    },
    exp_backoff_restart_delay: (node, { draft }) => {
      changeRestart(draft, { backoff: { initial: fromMs(numberOf(node) ?? 100), max: '15s', factor: 1.5 } });
    },
    stop_exit_codes: (node, { draft }) => {
      const read = readExitCodes(textsOf(node));
      if (!read.ok) return read.verdict;
      const { codes } = read;
      if (codes.length === 1 && codes[0] === 0) return void changeRestart(draft, { policy: 'on_failure' });
      draft.set('success_codes', codes);
      changeRestart(draft, { policy: 'on_failure' });
      return codes.includes(0) ? undefined : nearly('exit code 0 restarts it there, too');
    },
    kill_timeout: (node, { draft }) => {
      draft.merge('stop', { grace: fromMs(numberOf(node) ?? 1600) });
    },
    treekill: (node, { draft }) => {
      draft.merge('stop', { to: isOn(node) ? 'tree' : 'main' });
    },
    kill_signal: (node, { draft }) => {
      draft.merge('stop', { signal: textOf(node) });
    },
    wait_ready: (node, { draft }) => {
      if (isOn(node)) draft.set('readiness', { ipc: 'ready' });
    },
    listen_timeout: (node) =>
      isOn(nodeAt(app, 'wait_ready'))
        ? nearly(
            `without the message it is not ready after ${textOf(node)} ms either: \`rollout.deadline\` ends the wait`,
          )
        : nearly(`nothing waits ${textOf(node)} ms without \`wait_ready\``),
    shutdown_with_message: (node, { draft }) => {
      if (isOn(node)) draft.merge('stop', { message: 'shutdown' });
    },
    cron_restart: (node, { draft }) => setCron(node, app, draft),
    user: setUser,
    uid: setUser,
    gid: (node, { draft }) => runAsRule('group', textOf(node), draft),
    source_map_support: (node, { draft }) => {
      const runsNode = /\.[cm]?js$/.test(textOf(nodeAt(app, 'script')));
      if (isOn(node) && runsNode) draft.merge('env', { NODE_OPTIONS: '--enable-source-maps' });
    },
    pid_file: lost('`orch ps --json` has the pid; `singleton.pid_file` is for programs of which one may live'),
    post_update: lost('run it before the edit'),
    filter_env: lost('programs have the environment of `orch up`'),
    log_date_format: () => nearly('times are RFC 3339 with milliseconds'),
    time: asIs,
    log_type: (node, { draft }) => {
      draft.queue = {
        path: `.orch/logs/${name}.log`,
        ...draft.queue,
        format: textOf(node) === 'json' ? 'json' : 'raw',
      };
      return nearly('the keys of a line are those of orch: time, service, instance, stream, line');
    },
    merge_logs: asIs,
    combine_logs: asIs,
    disable_logs: (node) =>
      isOn(node) ? notCarried('output always goes to a log queue, which is rotated') : undefined,
  };
  for (const key of ['out_file', 'output', 'out']) rules[key] = logRule(file, 'out');
  for (const key of ['log_file', 'log']) rules[key] = logRule(file, 'both');
  for (const key of ['error_file', 'error', 'err_file']) rules[key] = logRule(file, 'error');
  // What only pm2 itself needs.
  for (const key of [
    'vizion',
    'pmx',
    'force',
    'automation',
    'trace',
    'disable_trace',
    'deep_monitoring',
    'append_env_to_name',
    'version',
    'description',
  ])
    rules[key] ??= asIs;
  for (const entry of entriesOf(app))
    if (/^env_\w+$/.test(entry.key) && entry.kind === 'map') rules[entry.key] = setOverlay;
  return rules;
}

/** Variables of the environment that the file reads come with this mark. */
const text = (node: SourceNode | undefined): string => literal(textOf(node)).replaceAll('\u0003', '$');

function commandOf(app: SourceNode): string[] | string {
  const script = text(nodeAt(app, 'script'));
  const args = nodeAt(app, 'args');
  const words = args?.kind === 'list' ? args.items.map(text) : wordsOf(text(args)).filter((word) => word !== '');
  const interpreter = textOf(nodeAt(app, 'interpreter') ?? nodeAt(app, 'exec_interpreter'));
  const flagsNode = nodeAt(app, 'interpreter_args') ?? nodeAt(app, 'node_args');
  const flags =
    flagsNode?.kind === 'list' ? flagsNode.items.map(text) : wordsOf(text(flagsNode)).filter((word) => word !== '');
  // A script with blanks is a line for bash.
  if (/\s/.test(script) && interpreter === '') return [script.replaceAll('$$', '$'), ...words].join(' ');
  const extension = /\.(\w+)$/.exec(script)?.[1] ?? '';
  const isPath = script.includes('/') || extension in INTERPRETERS;
  const program = interpreter === '' ? (isPath ? INTERPRETERS[extension] : undefined) : interpreter;
  if (program === undefined || program === 'none') return [isPath ? placed(script) : script, ...words];
  return [program, ...flags, script, ...words];
}

/** A file of this directory is found without PATH. */
const placed = (script: string): string => (/^[./~]/.test(script) || script.includes('/') ? script : `./${script}`);

function environmentOf(
  node: SourceNode,
  findings: Parameters<Rule<ServiceDraft>>[1]['findings'],
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const entry of entriesOf(node)) {
    const reason = refusal(entry.key);
    if (reason !== null) findings.add(entry, notCarried(reason));
    else if (entry.kind === 'scalar' && entry.value !== null) env[entry.key] = text(entry);
    else if (entry.kind !== 'scalar') env[entry.key] = literal(JSON.stringify(plainOf(entry)));
  }
  return env;
}

const setOverlay: Rule<ServiceDraft> = (node, { draft, findings }) => {
  const { PORT, ...env } = environmentOf(node, findings);
  const overlay: PlainMap = { ...(PORT !== undefined && /^\d+$/.test(PORT) ? { port: Number(PORT) } : {}) };
  if (PORT !== undefined && overlay.port === undefined) env.PORT = PORT;
  if (Object.keys(env).length > 0) overlay.env = env;
  draft.overlays[node.key.slice('env_'.length).toLowerCase().replace(/_/g, '-')] = overlay;
  return undefined;
};

function setInstances(node: SourceNode, app: SourceNode, draft: ServiceDraft): Verdict | undefined {
  const value = textOf(node);
  const count = numberOf(node);
  if (value === 'max' || (count !== null && count <= 0)) {
    draft.set('pool', 4);
    nameInstances(app, draft);
    draft.keyComments.pool = ['one for each processor there'];
    return nearly('the pool has a fixed size, here 4: `orch scale` changes it');
  }
  if (count === null) return notCarried('it is not a number');
  draft.set('pool', count);
  if (count > 1) nameInstances(app, draft);
  return count > 1 && nodeAt(app, 'exec_mode') === undefined && nodeAt(app, 'env', 'PORT') !== undefined
    ? clusterVerdict(app)
    : undefined;
}

/** Programs ask it which instance they are, often to do something in the first one alone. */
function nameInstances(app: SourceNode, draft: ServiceDraft): void {
  if (nodeAt(app, 'instance_var') === undefined) draft.merge('env', { NODE_APP_INSTANCE: '${ORCH_INDEX}' });
}

const clusterVerdict = (app: SourceNode): Verdict | undefined =>
  ['', '1'].includes(textOf(nodeAt(app, 'instances')))
    ? undefined
    : nearly('instances do not share a port: each has its own (`port`), or orch keeps one for all (`listen`)');

const setUser: Rule<ServiceDraft> = (node, { draft }) => runAsRule('user', textOf(node), draft);
