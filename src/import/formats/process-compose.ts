// process-compose.yaml: its processes, and what it does by default: SIGTERM to the process group, a probe every 10 s.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { fromSource, type ImportContext, type ImportInput, ImportProblem } from '../model/import-context.ts';
import { type Findings, nearly, notCarried } from '../model/loss-findings.ts';
import { isPlainMap } from '../model/plain.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, lost, nested, type RuleTable, type ServiceRules } from '../model/rules.ts';
import { addTag } from '../model/tags.ts';
import { entriesOf, isOn, nodeAt, numberOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { toTemplate } from '../text/variables.ts';
import { toEnvironment } from './env-variables.ts';
import {
  AVAILABILITY_RULES,
  setDaemon,
  setDependencies,
  shutdownRules,
  startByHand,
} from './process-compose-lifecycle.ts';
import { JSON_LINES, logConfiguration, setLogFile } from './process-compose-logs.ts';
import { probeRule } from './process-compose-probes.ts';
import { SCHEDULE_RULES, setWatch } from './process-compose-schedule.ts';
import { type ProcessComposeText, toShellText } from './process-compose-text.ts';

export function importProcessCompose({ file, text }: ImportInput, context: ImportContext): void {
  const source = readYamlSource(text, file);
  if (!source.ok) throw new ImportProblem(file, source.problem, source.line);
  const { project } = context;
  const { findings } = project;
  const { root } = source;
  project.comments.push(...root.comments);
  const extended = textOf(nodeAt(root, 'extends'));
  const base = extended === '' ? null : context.read(fromSource(file, extended));
  if (base !== null) importProcessCompose({ file: fromSource(file, extended), text: base }, context);
  const words = textRulesOf(root);
  applyRules(root, projectRules(file, base !== null), project, findings, ['processes', 'vars', 'shell']);
  for (const key of ['vars', 'shell']) reportRead(nodeAt(root, key), findings);
  if (context.read(fromSource(file, '.env')) !== null && !isOn(nodeAt(root, 'disable_dotenv')))
    project.append('env_files', `?${fromSource(file, '.env')}`);
  for (const node of entriesOf(nodeAt(root, 'processes'))) importProcess(node, words, project);
}

const reportRead = (node: SourceNode | undefined, findings: Findings): void => {
  if (node) findings.add(node, undefined);
};

/** Settings of the file that decide how the texts of its processes are read. */
function textRulesOf(root: SourceNode): ProcessComposeText {
  const shell = nodeAt(root, 'shell');
  const known = new Set(entriesOf(nodeAt(root, 'env_cmds')).map(({ key }) => key));
  return {
    vars: nodeAt(root, 'vars'),
    expands: !isOn(nodeAt(root, 'disable_env_expansion')),
    shell: shell ? [textOf(nodeAt(shell, 'shell_command')), textOf(nodeAt(shell, 'shell_argument')) || '-c'] : null,
    known,
  };
}

function projectRules(file: string, isExtended: boolean): RuleTable<ProjectDraft> {
  const view = 'orch has its own view: `orch up`, `orch attach`, `--no-tui`';
  return {
    version: asIs,
    name: (node, { draft }) => {
      draft.set('name', textOf(node));
    },
    environment: (node, { draft, findings }) => {
      draft.merge('env', toEnvironment(node, { known: new Set() }, findings));
    },
    env_cmds: lost('run the command in a script, or write the value into `env`'),
    extends: () => (isExtended ? undefined : notCarried('the file cannot be read')),
    is_strict: asIs,
    ordered_shutdown: asIs,
    disable_env_expansion: asIs,
    disable_dotenv: asIs,
    is_dotenv_disabled: asIs,
    is_tui_disabled: () => nearly('`orch up --no-tui`'),
    log_location: (node, { draft }) => {
      draft.queue = { path: fromSource(file, textOf(node)), format: 'json', ...draft.queue };
      return nearly(JSON_LINES);
    },
    log_configuration: logConfiguration,
    log_level: () => nearly('what orch does is in `orch events`'),
    log_length: () => nearly('`orch logs` and the view read back from the log files'),
    log_format: lost('`format` of a log queue is text, json or raw'),
    log_no_color: () => nearly(view),
    mcp_server: lost('orch has no such server'),
    processes: asIs,
  };
}

function importProcess(node: SourceNode, words: ProcessComposeText, project: ProjectDraft): void {
  const { findings } = project;
  const service = project.service(node.key, node);
  service.comments.push(...node.comments);
  service.set('restart', 'never');
  service.set('stop', { to: 'tree' });
  const own: ProcessComposeText = { ...words, own: nodeAt(node, 'vars') };
  applyRules(node, processRules(own), service, findings);
  if (service.keys.command === undefined) {
    findings.add(node, notCarried('it has no command'));
    project.services.splice(project.services.indexOf(service), 1);
  }
  // A run at given times is a task, also where the policy says otherwise.
  if (service.keys.schedule !== undefined) service.set('restart', 'never');
}

function processRules(words: ProcessComposeText): ServiceRules {
  const text = (node: SourceNode) =>
    toTemplate(toShellText(textOf(node), words, 'value').text, { known: words.known }).text;
  return {
    command: (node, { draft, parent }) => setCommand(node, draft, parent, words),
    entrypoint: (node, { draft }) => {
      draft.set(
        'command',
        textsOf(node).map((word) => toTemplate(word, { known: words.known }).text),
      );
    },
    description: (node, { draft }) => {
      draft.set(
        'description',
        textOf(node)
          .trim()
          .replace(/\s*\n\s*/g, ' '),
      );
    },
    working_dir: (node, { draft }) => {
      draft.set('cwd', text(node));
    },
    environment: (node, { draft, findings }) => {
      const env = toEnvironment(node, words.expands ? { known: words.known } : null, findings);
      draft.merge('env', env);
    },
    env_file: (node, { draft }) => {
      addEnvFiles(draft, textsOf(node));
    },
    env_files: (node, { draft }) => {
      addEnvFiles(draft, textsOf(node));
    },
    vars: asIs,
    replicas: (node, { draft }) => {
      draft.set('pool', numberOf(node) ?? 1);
    },
    namespace: (node, { draft }) => addTag(draft, textOf(node)),
    availability: nested(AVAILABILITY_RULES),
    depends_on: setDependencies,
    readiness_probe: probeRule('readiness', words),
    liveness_probe: probeRule('liveness', words),
    ready_log_line: (node, { draft }) => {
      draft.merge('readiness', { log: textOf(node) });
    },
    shutdown: nested(shutdownRules(words)),
    is_daemon: (node, { draft, parent }) => setDaemon(node, draft, parent),
    launch_timeout_seconds: lost('a start has no limit: `startup` and `liveness` restart what does not come up'),
    is_tty: (node, { draft }) => {
      draft.set('tty', isOn(node));
    },
    is_interactive: (node, { draft }) => {
      draft.set('tty', isOn(node));
    },
    is_foreground: (node, { draft }) => startByHand(node, draft, true),
    disabled: (node, { draft }) => startByHand(node, draft, false),
    is_disabled: (node, { draft }) => startByHand(node, draft, false),
    is_elevated: (node, { draft }) => {
      if (!isOn(node)) return undefined;
      draft.set('user', 'root');
      return nearly('orch has to run as root for it; it calls no sudo');
    },
    disable_ansi_colors: (node, { draft }) => {
      if (!isOn(node)) return undefined;
      draft.merge('env', { NO_COLOR: '1' });
      return nearly('the program is asked to print no colours; its output is stored as it is');
    },
    is_dotenv_disabled: (node, { draft }) => {
      const { env_files: files = [] } = draft.keys;
      if (isOn(node))
        draft.set(
          'env_files',
          Array.isArray(files) && files.length > 0 ? { paths: files, inherit: false } : { inherit: false },
        );
    },
    log_location: setLogFile,
    log_configuration: logConfiguration,
    schedule: nested(SCHEDULE_RULES),
    watch: setWatch,
    is_hidden: lost('`orch ps` shows all services'),
    mcp: lost('orch has no such server'),
  };
}

const setCommand = (node: SourceNode, draft: ServiceDraft, parent: SourceNode, words: ProcessComposeText) => {
  if (nodeAt(parent, 'entrypoint')) return notCarried('`entrypoint` wins over it');
  const { text, lost: reason } = toShellText(textOf(node).trimEnd(), words, 'command');
  const shell = words.shell ?? (needsBash(text) ? ['bash', '-c'] : null);
  draft.set('command', shell ? [...shell, text.replaceAll('$', '$$$$')] : text);
  return reason === null ? undefined : nearly(reason);
};

/** process-compose runs bash; orch runs /bin/sh, which lacks these. */
const needsBash = (text: string): boolean =>
  /\[\[ |(^|[;&|(\s])source\s|<\(|<<<|&>|pipefail|\bdeclare\s|\$\{\w+(\[|\^|,|\/|:\d)|\bfunction\s+\w|=\(|\$RANDOM|\bread\s+-[pa]/m.test(
    text,
  );

/** Also where the project's are left out. */
function addEnvFiles(draft: ServiceDraft, paths: string[]): void {
  const { env_files: before } = draft.keys;
  if (!isPlainMap(before)) draft.append('env_files', ...paths);
  else draft.merge('env_files', { paths: [...(Array.isArray(before.paths) ? before.paths : []), ...paths] });
}
