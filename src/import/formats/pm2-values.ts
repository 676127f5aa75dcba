// Log files, watched files, times and durations of pm2.

import { fromSource } from '../model/import-context.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import type { Rule } from '../model/rules.ts';
import { hasWord } from '../model/words.ts';
import { isOn, nodeAt, numberOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { fromMs, parseLongDuration } from '../text/durations.ts';
import { changeRestart } from './restart-limit.ts';

const merged = 'both streams go to one log queue, and each line names its stream (`o`, `e`)';

/** One queue for both files: that of stdout, where each line names its stream. */
export function logRule(file: string, isError: boolean): Rule<ServiceDraft> {
  return (node, { draft, parent }) => {
    const path = textOf(node);
    if (/^(\/dev\/null|null|false)$/i.test(path))
      return notCarried('output always goes to a log queue, which is rotated');
    const others = ['out_file', 'output', 'out', 'error_file', 'error', 'err_file', 'log_file', 'log'].map((key) =>
      textOf(nodeAt(parent, key)),
    );
    const isShared = others.every((other) => other === '' || other === path);
    if (!isError || draft.queue?.path === undefined) draft.queue = { ...draft.queue, path: fromSource(file, path) };
    if (isShared && draft.queue.format === undefined) draft.queue.format = 'raw';
    return isShared && !isError ? undefined : nearly(merged);
  };
}

export function setWatch(node: SourceNode, draft: ServiceDraft): Verdict | undefined {
  if (node.kind !== 'list' && !isOn(node) && ['', 'false'].includes(textOf(node))) return undefined;
  const paths = node.kind === 'list' || !isOn(node) ? textsOf(node) : ['.'];
  const ignore = paths.includes('.') ? { ignore: ['node_modules', '.git', 'logs'] } : {};
  draft.set('watch', { paths: paths.map((path) => path.replace(/(.)\/$/, '$1')), ...ignore });
  return undefined;
}

export function setCron(node: SourceNode, app: SourceNode, draft: ServiceDraft): Verdict | undefined {
  if (textOf(nodeAt(app, 'autorestart')) === 'false') {
    draft.set('schedule', hasWord.localTime ? { cron: textOf(node), time_zone: 'local' } : textOf(node));
    return hasWord.localTime ? undefined : nearly('the times are UTC: set `time_zone`');
  }
  if (!hasWord.restartCron) return notCarried('a task with `schedule` can call `orch restart NAME`');
  changeRestart(draft, { cron: textOf(node), ...(hasWord.localTime && { time_zone: 'local' }) });
  return undefined;
}

export function msText(node: SourceNode | undefined): string | null {
  const number = numberOf(node);
  const ms = number ?? parseLongDuration(textOf(node));
  return ms === null ? null : fromMs(ms);
}
