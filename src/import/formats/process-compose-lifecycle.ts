// `availability`, `depends_on`, `shutdown` and the ways to start by hand of process-compose.

import { nearly, notCarried } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { type Rule, reported, type ServiceRules } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, numberOf, type SourceNode, textOf } from '../source/source-node.ts';
import { fromSeconds, toSignal } from '../text/durations.ts';
import { type ProcessComposeText, toShellText } from './process-compose-text.ts';
import { limitRestarts, setPause, setPolicy } from './restart-limit.ts';

export const AVAILABILITY_RULES: ServiceRules = {
  restart: (node, { draft }) => {
    const policy = textOf(node);
    const policies: Record<string, string> = {
      always: 'always',
      on_failure: 'on_failure',
      no: 'never',
      false: 'never',
    };
    const own = policies[policy];
    if (own !== undefined) setPolicy(draft, own);
    else if (policy !== 'exit_on_failure') return notCarried('it is not a policy of process-compose');
    else draft.set('on_failure', 'down');
    return undefined;
  },
  backoff_seconds: (node, { draft }) => {
    setPause(draft, fromSeconds(numberOf(node) ?? 1));
  },
  max_restarts: (node, { draft }) => {
    const count = numberOf(node) ?? 0;
    return count === 0 ? undefined : limitRestarts(draft, count, 'all restarts count there');
  },
  exit_on_end: (node, { draft }) => {
    if (!isOn(node)) return undefined;
    draft.set('on_end', 'down');
    return undefined;
  },
  exit_on_skipped: (node) =>
    isOn(node) ? nearly('a dependency that fails leaves this one waiting, and `up --wait` ends with 1') : undefined,
};

const CONDITIONS: Record<string, string> = {
  process_started: 'started',
  process_healthy: 'ready',
  process_log_ready: 'ready',
  process_completed_successfully: 'completed',
  process_completed: 'ended',
};

export const setDependencies: Rule<ServiceDraft> = (node, { draft, findings }) => {
  for (const entry of node.kind === 'list' ? node.items : entriesOf(node)) {
    const name = node.kind === 'list' ? textOf(entry) : entry.key;
    const condition = textOf(nodeAt(entry, 'condition') ?? entry);
    const own = CONDITIONS[condition];
    draft.merge('depends_on', { [name]: own ?? 'started' });
    findings.add(entry, undefined);
    for (const other of entriesOf(entry))
      if (other.key !== 'condition') findings.add(other, notCarried('orch import does not know this key'));
  }
  return reported;
};

export const shutdownRules = (words: ProcessComposeText): ServiceRules => ({
  command: (node, { draft }) => {
    draft.merge('stop', { command: toShellText(textOf(node), words, 'command').text });
  },
  timeout_seconds: (node, { draft }) => {
    draft.merge('stop', { grace: fromSeconds(numberOf(node) ?? 10) });
  },
  signal: (node, { draft }) => {
    const signal = toSignal(textOf(node));
    if (signal === null) return notCarried('it is not a signal of this system');
    draft.merge('stop', { signal });
    return undefined;
  },
  parent_only: (node, { draft }) => {
    draft.merge('stop', { to: isOn(node) ? 'main' : 'tree' });
  },
});

/** A program that goes to the background cannot be followed; docker can stay in the foreground. */
export function setDaemon(node: SourceNode, draft: ServiceDraft, parent: SourceNode) {
  if (!isOn(node)) return undefined;
  const command = textOf(nodeAt(parent, 'command'));
  const attached = command.replace(/\bdocker(\s+container)?\s+run\b(.*?)\s(--detach|-d)(?=\s)/, 'docker$1 run$2');
  if (attached !== command && typeof draft.keys.command === 'string') {
    draft.set(
      'command',
      draft.keys.command.replace(/\bdocker(\s+container)?\s+run\b(.*?)\s(--detach|-d)(?=\s)/, 'docker$1 run$2'),
    );
    return nearly('docker stays in the foreground, so that orch follows the container');
  }
  return notCarried('orch follows the main process: keep the program in the foreground');
}

export function startByHand(node: SourceNode, draft: ServiceDraft, hasTerminal: boolean) {
  if (!isOn(node)) return undefined;
  if (hasTerminal) draft.set('tty', true);
  draft.set('start', 'manual');
  return undefined;
}
