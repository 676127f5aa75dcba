// StartLimitIntervalSec and StartLimitBurst of systemd.
import { nearly } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import type { ServiceRules } from '../model/rules.ts';
import { textOf } from '../source/source-node.ts';
import { toTimespanMs } from '../text/cron.ts';
import { fromMs } from '../text/durations.ts';

const interval: ServiceRules[string] = (node, { draft }) => {
  const ms = toTimespanMs(textOf(node)) ?? 10_000;
  // 0: no limit.
  if (ms === 0) return void draft.set('x-limit', 'none');
  return setLimit(draft, { within: fromMs(ms) });
};

export const START_LIMIT_RULES: ServiceRules = {
  StartLimitIntervalSec: interval,
  StartLimitInterval: interval,
  StartLimitBurst: (node, { draft }) => {
    const count = Number(textOf(node));
    return count > 0 ? setLimit(draft, { count }) : void draft.set('x-limit', 'none');
  },
  StartLimitAction: () => undefined,
};

/** The limit of systemd counts all starts; the two keys may come in any order. */
function setLimit(draft: ServiceDraft, values: { count?: number; within?: string }) {
  if (draft.keys['x-limit'] === 'none') return undefined;
  const before = (draft.map('x-limit') as { count?: number; within?: string }) ?? {};
  draft.set('x-limit', { count: 5, within: '10s', ...before, ...values });
  return nearly('failures count, not all starts');
}
