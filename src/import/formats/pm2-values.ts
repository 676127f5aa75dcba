// Log files, watched files, times and durations of pm2.

import { fromSource } from '../model/import-context.ts';
import { nearly, notCarried, type Verdict } from '../model/loss-findings.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import type { Rule } from '../model/rules.ts';
import { isOn, nodeAt, numberOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { fromMs, parseLongDuration } from '../text/durations.ts';
import { changeRestart } from './restart-limit.ts';

const OUT_KEYS = ['out_file', 'output', 'out'];
const ERROR_KEYS = ['error_file', 'error', 'err_file'];

/** `both`: the file that has both streams in addition. */
export function logRule(file: string, stream: 'out' | 'error' | 'both'): Rule<ServiceDraft> {
  return (node, { draft, parent }) => {
    const path = textOf(node);
    if (/^(\/dev\/null|null|false)$/i.test(path))
      return notCarried('output always goes to a log queue, which is rotated');
    if (stream === 'both' && [...OUT_KEYS, ...ERROR_KEYS].some((key) => nodeAt(parent, key)))
      return nearly('`orch logs` shows both streams together; a third file is not written');
    if (stream === 'error') draft.errQueue = { ...draft.errQueue, path: fromSource(file, path) };
    else draft.queue = { path: fromSource(file, path), format: 'raw', ...draft.queue };
    return undefined;
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
    draft.set('schedule', { cron: textOf(node), time_zone: 'local' });
    return undefined;
  }
  changeRestart(draft, { cron: textOf(node), time_zone: 'local' });
  return undefined;
}

export function msText(node: SourceNode | undefined): string | null {
  const number = numberOf(node);
  const ms = number ?? parseLongDuration(textOf(node));
  return ms === null ? null : fromMs(ms);
}
