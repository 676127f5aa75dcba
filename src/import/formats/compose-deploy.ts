// `deploy` and `logging` of compose: copies, limits, restarts, roll-outs, rotation.
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { asIs, nested, type ServiceRules } from '../model/rules.ts';
import { numberOf, type SourceNode, textOf } from '../source/source-node.ts';
import { fromSeconds, parseLongDuration, toSize } from '../text/durations.ts';
import { changeRestart, limitRestarts, setPause, setPolicy } from './restart-limit.ts';

export function setPool(node: SourceNode, draft: ServiceDraft, isContainer: boolean): Verdict | undefined {
  const count = numberOf(node);
  if (count === null) return notCarried('it is not a number');
  if (isContainer) return count === 1 ? undefined : nearly('docker runs as many containers as the compose file says');
  draft.set('pool', count);
  return undefined;
}

export function setMemory(node: SourceNode, draft: ServiceDraft): Verdict | undefined {
  const size = toSize(textOf(node));
  if (size === null) return notCarried('it is not a size');
  draft.merge('limits', { memory: { max: size, action: 'kill' } });
  return undefined;
}

export const deployRules = (isContainer: boolean): ServiceRules => ({
  replicas: (node, { draft }) => setPool(node, draft, isContainer),
  mode: (node) => (textOf(node) === 'replicated' ? undefined : notCarried('one machine has no mode of placement')),
  placement: () => notCarried('one machine has no placement'),
  labels: asIs,
  endpoint_mode: () => nearly('clients reach each instance at its own port'),
  resources: isContainer
    ? asIs
    : nested({
        limits: nested({
          memory: (node, { draft }) => setMemory(node, draft),
          cpus: () => notCarried('`limits` has no share of the processor'),
          pids: () => notCarried('`limits` has no number of processes'),
        }),
        reservations: () => nearly('nothing is reserved: programs take what they need'),
      }),
  restart_policy: nested({
    condition: (node, { draft }) => {
      const policies: Record<string, string> = { none: 'never', 'on-failure': 'on_failure', any: 'always' };
      const policy = policies[textOf(node)];
      if (!policy) return notCarried('it is not a policy of compose');
      setPolicy(draft, policy);
      return undefined;
    },
    delay: (node, { draft }) => {
      setPause(draft, fromSeconds((parseLongDuration(textOf(node)) ?? 5000) / 1000));
    },
    max_attempts: (node, { draft }) => limitRestarts(draft, numberOf(node) ?? 0, 'a window of `window` counts there'),
    window: (node, { draft }) => {
      changeRestart(draft, { healthy_after: fromSeconds((parseLongDuration(textOf(node)) ?? 0) / 1000) });
    },
  }),
  update_config: nested({
    parallelism: (node, { draft }) => {
      draft.merge('rollout', { max_unavailable: numberOf(node) ?? 1 });
    },
    delay: (node, { draft }) => {
      draft.merge('rollout', { min_ready: fromSeconds((parseLongDuration(textOf(node)) ?? 0) / 1000) });
      return nearly('the pause counts from when the new instance is ready');
    },
    monitor: (node, { draft }) => {
      draft.merge('rollout', { min_ready: fromSeconds((parseLongDuration(textOf(node)) ?? 0) / 1000) });
    },
    order: (node, { draft }) => {
      if (textOf(node) === 'start-first') draft.merge('rollout', { max_surge: 1, max_unavailable: 0 });
    },
    failure_action: (node, { draft }) => {
      const action = textOf(node);
      if (action === 'continue') return notCarried('a roll-out that fails pauses or is rolled back');
      draft.merge('rollout', { on_failure: action === 'rollback' ? 'rollback' : 'pause' });
      return undefined;
    },
    max_failure_ratio: () => notCarried('one instance that fails ends a roll-out'),
  }),
  rollback_config: () => nearly('a roll-back goes as the roll-out does'),
});

export const LOGGING_RULES: ServiceRules = {
  driver: (node) =>
    ['json-file', 'local'].includes(textOf(node)) ? undefined : notCarried('output goes to a log queue'),
  options: nested<ServiceDraft>({
    'max-size': (node, { draft }) => {
      const size = toSize(textOf(node));
      if (size === null) return notCarried('it is not a size');
      draft.queue = rotated(draft, { size });
      return undefined;
    },
    'max-file': (node, { draft }) => {
      draft.queue = rotated(draft, { keep: Math.max(0, (numberOf(node) ?? 1) - 1) });
    },
    mode: asIs,
    tag: () => nearly('each line names its instance'),
  }),
};

function rotated({ name, queue }: ServiceDraft, values: PlainMap): PlainMap {
  const before = queue?.rotate as PlainMap | undefined;
  return { path: `.orch/logs/${name}.log`, ...queue, rotate: { ...before, ...values } };
}
