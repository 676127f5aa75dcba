// mprocs.yaml: its programs have a terminal, get SIGTERM, and are not restarted.
import { fromSource, type ImportContext, type ImportInput, ImportProblem } from '../model/import-context.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { applyRules, asIs, lost, type Rule, type RuleTable, reported, type ServiceRules } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { readYamlSource } from '../source/yaml-source.ts';
import { toSignal } from '../text/durations.ts';
import { wordsOf } from '../text/shell-words.ts';
import { literal } from '../text/variables.ts';
import { toEnvironment } from './env-variables.ts';

export function importMprocs({ file, text }: ImportInput, { project }: ImportContext): void {
  const source = readYamlSource(text, file);
  if (!source.ok) throw new ImportProblem(file, source.problem, source.line);
  const { root } = source;
  project.comments.push(...root.comments);
  applyRules(root, VIEW_RULES, project, project.findings, ['procs']);
  const log = nodeAt(root, 'proc_log');
  for (const node of entriesOf(nodeAt(root, 'procs'))) importProc(node, file, log, project);
}

const view = 'orch has its own view (`orch up`, `orch attach`)';
const VIEW_RULES: RuleTable<ProjectDraft> = {
  scrollback: () => nearly('`orch logs` and the view read back from the log files'),
  hide_keymap_window: () => nearly(view),
  mouse_scroll_speed: () => nearly(view),
  proc_list_width: () => nearly(view),
  proc_list_title: () => nearly(view),
  keymap_procs: () => nearly(`${view} with keys of its own`),
  keymap_term: () => nearly(`${view} with keys of its own`),
  keymap_copy: () => nearly(`${view} with keys of its own`),
  server: lost('orch listens on a unix socket'),
  on_init: lost(view),
  on_all_finished: (node) =>
    textOf(nodeAt(node, 'c')) === 'quit'
      ? nearly('`orch wait` and `orch up --wait` end once all tasks have')
      : notCarried(view),
  proc_log: asIs,
};

function importProc(node: SourceNode, file: string, log: SourceNode | undefined, project: ProjectDraft): void {
  const { findings } = project;
  const own = selected(node, findings);
  if (own.kind === 'scalar' && own.value === null) {
    findings.add(node, undefined);
    return;
  }
  const service = project.service(node.key, node);
  service.comments.push(...node.comments);
  service.set('restart', 'never');
  service.set('tty', true);
  if (log && nodeAt(own, 'log') === undefined) setLog(log, log, service, file);
  if (own.kind === 'map') applyRules(own, procRules(file, log), service, findings);
  else {
    service.set('command', own.kind === 'list' ? textsOf(own).map(literal) : textOf(own));
    findings.add(node, undefined);
  }
  if (service.keys.command === undefined) {
    findings.add(node, notCarried('it has no command'));
    project.services.splice(project.services.indexOf(service), 1);
  }
}

/** `{ $select: os, linux: …, $else: … }`: the value of this system. */
function selected(node: SourceNode, findings: ProjectDraft['findings']): SourceNode {
  if (!nodeAt(node, '$select')) return node;
  const system = process.platform === 'darwin' ? 'macos' : process.platform === 'win32' ? 'windows' : process.platform;
  findings.add(node, nearly(`the value of ${system}; an overlay can hold that of another system`));
  return nodeAt(node, system) ?? nodeAt(node, '$else') ?? { ...node, kind: 'scalar', value: null };
}

function procRules(file: string, shared: SourceNode | undefined): ServiceRules {
  return {
    shell: (node, { draft, findings }) => {
      draft.set('command', textOf(selected(node, findings)));
    },
    cmd: (node, { draft }) => {
      const words = node.kind === 'list' ? textsOf(node) : wordsOf(textOf(node));
      draft.set('command', words.map(literal));
    },
    cwd: (node, { draft }) => {
      draft.set('cwd', fromSource(file, literal(textOf(node).replace(/^<CONFIG_DIR>\/?/, './'))));
    },
    env: (node, { draft, findings }) => {
      const env: PlainMap = {};
      if (node.kind !== 'map') {
        draft.set('env', toEnvironment(node, null, findings));
        return reported;
      }
      for (const entry of node.entries) {
        const value = selected(entry, findings);
        // A variable that orch inherits cannot be removed, only emptied.
        if (value.kind === 'scalar' && value.value === null)
          findings.add(entry, notCarried('an inherited variable stays: set it to an empty text'));
        else env[entry.key] = literal(textOf(value));
      }
      draft.set('env', env);
      findings.add(node, undefined);
      return reported;
    },
    add_path: (node, { draft, findings }) => {
      const paths = textsOf(selected(node, findings)).map((path) => path.replace(/^<CONFIG_DIR>\/?/, './'));
      draft.merge('env', { PATH: `\${PATH}:${paths.map(literal).join(':')}` });
    },
    autostart: (node, { draft }) => {
      if (!isOn(node)) draft.set('start', 'manual');
    },
    autorestart: (node, { draft }) => {
      if (!isOn(node)) return undefined;
      draft.set('restart', 'always');
      return nearly('a program that ends within a second is restarted, too, after a pause');
    },
    stop: (node, { draft }) => setStop(node, draft),
    deps: (node, { draft }) => {
      for (const name of textsOf(node)) draft.merge('depends_on', { [name]: 'started' });
    },
    log: (node, { draft }) => setLog(node, shared, draft, file),
    scrollback: () => nearly('`orch logs` and the view read back from the log files'),
    mouse_scroll_speed: () => nearly(view),
  };
}

function setStop(node: SourceNode, draft: ServiceDraft): Verdict | undefined {
  const command = textOf(nodeAt(node, 'cmd'));
  if (command !== '') {
    draft.merge('stop', { command });
    return undefined;
  }
  const keys = textsOf(nodeAt(node, 'send-keys'));
  if (keys.length > 0) {
    if (keys[0] !== '<C-c>') return notCarried('orch stops by signals: choose `stop.signal`');
    draft.merge('stop', { signal: 'SIGINT' });
    return keys.length === 1 ? undefined : nearly('SIGINT, as Ctrl-C gives; the other keys are not typed');
  }
  const signal = textOf(node) === 'hard-kill' ? 'SIGKILL' : toSignal(textOf(node));
  if (signal === null) return notCarried('it is not a signal of this system');
  draft.merge('stop', { signal });
  return undefined;
}

/** A text names the directory; `file` may hold {name}. */
const setLog = (
  node: SourceNode,
  shared: SourceNode | undefined,
  draft: ServiceDraft,
  file: string,
): ReturnType<Rule<ServiceDraft>> => {
  const isOff =
    (node.kind === 'scalar' && /^(false|)$/i.test(textOf(node))) || textOf(nodeAt(node, 'enabled')) === 'false';
  if (isOff) return nearly('output always goes to a log queue, which is rotated');
  const isPlain = node.kind === 'scalar' && !/^(true|false)$/i.test(textOf(node));
  const directory =
    (isPlain ? textOf(node) : textOf(nodeAt(node, 'dir'))) ||
    textOf(nodeAt(shared, 'dir')) ||
    (shared?.kind === 'scalar' && !isOn(shared) ? textOf(shared) : '');
  const name = (textOf(nodeAt(node, 'file')) || textOf(nodeAt(shared, 'file')) || '{name}.log').replaceAll(
    '{name}',
    draft.name,
  );
  if (/\{(id|pid|ts)\}/.test(name)) return nearly('the file has one name, and rotated files have their time');
  const path = [directory.replace(/^<CONFIG_DIR>\/?/, ''), name].filter(Boolean).join('/');
  draft.queue = { path: fromSource(file, path), format: 'raw' };
  const isTruncated = textOf(nodeAt(node, 'mode')) === 'truncate' || textOf(nodeAt(node, 'append')) === 'false';
  return isTruncated ? nearly('the file is continued, and rotated by size') : undefined;
};
