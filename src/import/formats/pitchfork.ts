// pitchfork.toml: its daemons. A daemon that fails is not started again unless `retry` says so.

import { runAsRule } from '../model/account-keys.ts';
import { fromSource, type ImportContext, type ImportInput, ImportProblem } from '../model/import-context.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, nested, type RuleTable, type ServiceRules } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, numberOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { readTomlSource } from '../source/toml-source.ts';
import { fromSeconds, parseLongDuration, toSignal, toSize } from '../text/durations.ts';
import { toServiceName } from '../text/names.ts';
import { literal } from '../text/variables.ts';
import { toEnvironment } from './env-variables.ts';
import { changeRestart, limitRestarts } from './restart-limit.ts';

export async function importPitchfork({ file, text }: ImportInput, { project }: ImportContext): Promise<void> {
  const source = await readTomlSource(text, file);
  if (!source.ok) throw new ImportProblem(file, source.problem, source.line);
  const { root } = source;
  project.comments.push(...root.comments);
  applyRules(root, PROJECT_RULES, project, project.findings, ['daemons']);
  const usesMise = isOn(nodeAt(root, 'settings', 'general', 'mise'));
  for (const node of entriesOf(nodeAt(root, 'daemons'))) importDaemon(node, file, usesMise, project);
}

const PROJECT_RULES: RuleTable<ProjectDraft> = {
  namespace: (node, { draft }) => {
    draft.set('name', toServiceName(textOf(node)));
  },
  settings: (node, { findings }) => {
    for (const part of entriesOf(node))
      for (const entry of part.kind === 'map' ? part.entries : [part])
        findings.add(
          entry,
          entry.key === 'mise'
            ? undefined
            : nearly('it is about the supervisor of pitchfork, which orch does in its own way'),
        );
    return undefined;
  },
  slugs: () => notCarried('orch has no proxy'),
};

function importDaemon(node: SourceNode, file: string, usesMise: boolean, project: ProjectDraft): void {
  const service = project.service(node.key.replace(/^.*\//, ''), node);
  service.comments.push(...node.comments);
  service.set('restart', 'never');
  const ready = ['ready_delay', 'ready_output', 'ready_http', 'ready_port', 'ready_cmd'];
  // Without a check a daemon is ready after 3 s.
  if (!ready.some((key) => nodeAt(node, key))) service.set('ready_after', '3s');
  applyRules(node, daemonRules(file, node), service, project.findings);
  const command = service.keys.command;
  const isMise = nodeAt(node, 'mise') ? isOn(nodeAt(node, 'mise')) : usesMise;
  if (isMise && typeof command === 'string') service.set('command', `mise x -- ${command.replace(/^exec\s+/, '')}`);
  if (service.keys.schedule !== undefined) {
    service.set('restart', 'never');
    service.remove('ready_after');
  }
}

function daemonRules(file: string, daemon: SourceNode): ServiceRules {
  return {
    run: (node, { draft }) => {
      draft.set('command', textOf(node));
    },
    dir: (node, { draft }) => {
      draft.set('cwd', fromSource(file, literal(textOf(node))));
    },
    env: (node, { draft, findings }) => {
      draft.merge('env', toEnvironment(node, null, findings));
    },
    user: (node, { draft }) => runAsRule('user', textOf(node), draft),
    retry: (node, { draft }) => {
      const count = numberOf(node);
      if (!isOn(node) && (count === null || count === 0)) return undefined;
      changeRestart(draft, { policy: 'on_failure' });
      return textOf(node) === 'true' || count === null
        ? undefined
        : limitRestarts(draft, count, 'all retries count there');
    },
    auto: (node, { draft }) => {
      const modes = textsOf(node);
      if (modes.includes('start') || modes.length === 0)
        return modes.includes('stop')
          ? nearly('`orch down` stops it: leaving the directory does not')
          : nearly('`orch up` starts it: entering the directory does not');
      draft.set('enabled', false);
      return nearly('`orch up` starts what is enabled');
    },
    boot_start: (node) =>
      isOn(node) ? nearly('a unit of systemd with `orch up -d` starts the project at boot') : undefined,
    ready_delay: (node, { draft }) => {
      draft.set('ready_after', fromSeconds(numberOf(node) ?? 3));
    },
    ready_output: (node, { draft }) => {
      draft.merge('readiness', { log: textOf(node) });
    },
    ready_http: (node, { draft }) => {
      draft.merge('readiness', { http: literal(textOf(nodeAt(node, 'url') ?? node)) });
    },
    ready_port: (node, { draft }) => {
      draft.merge('readiness', { tcp: numberOf(node) ?? textOf(node) });
    },
    ready_cmd: (node, { draft }) => {
      draft.merge('readiness', { exec: textOf(node) });
    },
    depends: (node, { draft }) => {
      for (const name of textsOf(node)) draft.merge('depends_on', { [name.replace(/^.*\//, '')]: 'ready' });
    },
    watch: (node, { draft }) => {
      const isFrom = textOf(nodeAt(daemon, 'watch_base_dir'));
      draft.set('watch', {
        paths: textsOf(node).map((path) => fromSource(file, isFrom ? `${isFrom}/${path}` : path)),
        debounce: '1s',
      });
    },
    expected_port: (node, { draft }) => setPort(node, draft),
    port: (node, { draft }) => setPort(nodeAt(node, 'expect') ?? node, draft),
    auto_bump_port: (node) => (isOn(node) ? nearly('`port: auto` gives a free port, which PORT names') : undefined),
    port_bump_attempts: () => nearly('`port: auto` finds any free port'),
    hooks: nested({
      on_ready: (node, { draft }) => {
        draft.merge('hooks', { after_ready: textOf(node) });
      },
      on_exit: (node, { draft }) => {
        draft.merge('hooks', { after_exit: textOf(node) });
      },
      on_stop: (node, { draft }) => {
        if (draft.map('hooks').after_exit !== undefined) return notCarried('`hooks.after_exit` is taken by on_exit');
        draft.merge('hooks', { after_exit: textOf(node) });
        return nearly('it runs after every exit');
      },
      on_fail: (node, { draft }) => {
        if (draft.map('hooks').after_exit !== undefined) return notCarried('`hooks.after_exit` is taken');
        draft.merge('hooks', { after_exit: textOf(node) });
        return nearly('it runs after every exit');
      },
      on_retry: (node, { draft }) => {
        draft.merge('hooks', { before_start: textOf(node) });
        return nearly('it runs before every start');
      },
    }),
    cron: nested({
      schedule: (node, { draft }) => {
        draft.merge('schedule', { cron: textOf(node), time_zone: 'local' });
      },
      retrigger: (node, { draft }) => {
        const rule = textOf(node);
        if (rule === 'always') draft.merge('schedule', { overlap: 'replace' });
        return rule === 'finish' || rule === 'always'
          ? undefined
          : nearly('it runs at each time, however the last run ended');
      },
      immediate: (node, { draft }) => {
        if (isOn(node)) draft.merge('schedule', { at_start: true });
      },
    }),
    mise: asIs,
    memory_limit: (node, { draft }) => {
      const size = toSize(textOf(node));
      if (size === null) return notCarried('it is not a size');
      draft.merge('limits', { memory: size });
      return undefined;
    },
    cpu_limit: () => notCarried('`limits` has no share of the processor'),
    stop_signal: (node, { draft }) => {
      const signal = toSignal(textOf(nodeAt(node, 'signal') ?? node));
      if (signal === null) return notCarried('it is not a signal of this system');
      draft.merge('stop', { signal });
      return undefined;
    },
    stop_timeout: (node, { draft }) => {
      const ms = parseLongDuration(textOf(node));
      if (ms === null) return notCarried('it is not a duration');
      draft.merge('stop', { grace: fromSeconds(ms / 1000) });
      return undefined;
    },
    pty: (node, { draft }) => {
      draft.set('tty', isOn(node));
    },
    watch_mode: () => nearly('orch chooses how it watches'),
    watch_base_dir: asIs,
    description: (node, { draft }) => {
      draft.set(
        'description',
        textOf(node)
          .replace(/\s*\n\s*/g, ' ')
          .trim(),
      );
    },
  };
}

function setPort(node: SourceNode, draft: ServiceDraft): Verdict | undefined {
  const [port, ...others] = textsOf(node).map(Number);
  if (port === undefined || port === 0 || Number.isNaN(port)) return notCarried('it is not a port');
  if (draft.map('env').PORT === undefined) draft.set('port', port);
  return others.length > 0
    ? nearly(`PORT is ${port}; the program listens on the others by itself`)
    : nearly('the program gets it as PORT; a start does not look whether it is free');
}
