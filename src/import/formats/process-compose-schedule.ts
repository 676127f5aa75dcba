// `schedule` and `watch` of process-compose.

import { nearly, notCarried } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { type Rule, reported, type ServiceRules } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, numberOf, textOf, textsOf } from '../source/source-node.ts';
import { fromSeconds, parseLongDuration } from '../text/durations.ts';

export const SCHEDULE_RULES: ServiceRules = {
  cron: (node, { draft, parent }) => {
    draft.merge('schedule', { cron: textOf(node) });
    if (!nodeAt(parent, 'timezone')) draft.merge('schedule', { time_zone: 'local' });
  },
  timezone: (node, { draft }) => {
    draft.merge('schedule', { time_zone: textOf(node) });
  },
  interval: (node, { draft, parent }) => {
    if (nodeAt(parent, 'cron')) return notCarried('`cron` wins over it');
    const ms = parseLongDuration(textOf(node));
    if (ms === null) return notCarried('it is not a duration');
    draft.merge('schedule', { every: fromSeconds(ms / 1000) });
    return undefined;
  },
  run_on_start: (node, { draft }) => {
    if (isOn(node)) draft.merge('schedule', { at_start: true });
  },
  max_concurrent: (node) =>
    (numberOf(node) ?? 1) <= 1 ? undefined : nearly('one run at a time: a run that is due while one runs is left out'),
};

export const setWatch: Rule<ServiceDraft> = (node, { draft, findings }) => {
  for (const entry of entriesOf(node)) {
    if (entry.key === 'paths') {
      for (const item of entry.kind === 'list' ? entry.items : []) {
        const path = (textOf(nodeAt(item, 'path')) || textOf(item)).replace(/\/$/, '');
        const include = textsOf(nodeAt(item, 'include')).map(
          (glob) => `${path}/${glob.includes('/') ? glob : `**/${glob}`}`,
        );
        const before = draft.map('watch');
        const paths = [...((before.paths as string[] | undefined) ?? []), ...(include.length > 0 ? include : [path])];
        const ignore = [...((before.ignore as string[] | undefined) ?? []), ...textsOf(nodeAt(item, 'exclude'))];
        draft.merge('watch', { paths, ...(ignore.length > 0 ? { ignore } : {}) });
      }
      findings.add(
        entry,
        nearly('name what must not count under `ignore`: process-compose leaves out node_modules and build output'),
      );
    } else if (entry.key === 'debounce') {
      draft.merge('watch', { debounce: fromSeconds((parseLongDuration(textOf(entry)) ?? 300) / 1000) });
      findings.add(entry, undefined);
    } else if (entry.key === 'cascade') {
      findings.add(
        entry,
        isOn(entry)
          ? nearly('write `{ condition: …, on_loss: restart }` in the `depends_on` of those that follow')
          : undefined,
      );
    } else findings.add(entry, notCarried('orch watches as many files as the system allows'));
  }
  return reported;
};
