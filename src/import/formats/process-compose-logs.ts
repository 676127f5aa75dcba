// Log files of process-compose -> a log queue of the service, or the default one of the project.

import { nearly, notCarried } from '../model/loss-findings.ts';
import type { Plain } from '../model/plain.ts';
import { isPlainMap } from '../model/plain.ts';
import type { ProjectDraft, ServiceDraft } from '../model/project-draft.ts';
import { type Rule, reported } from '../model/rules.ts';
import { entriesOf, isOn, numberOf, type SourceNode, textOf } from '../source/source-node.ts';

export const JSON_LINES = 'the lines are JSON of orch: time, service, instance, stream, line';

export const setLogFile: Rule<ServiceDraft> = (node, { draft }) => {
  const path = textOf(node).replace(/[._-]?\{\{?\.?PC_REPLICA_NUM\}?\}/g, '');
  draft.queue = { path, format: 'json', ...draft.queue };
  return nearly(JSON_LINES);
};

export const logConfiguration: Rule<ProjectDraft | ServiceDraft> = (node, { draft, findings }) => {
  const queue: { [key: string]: Plain } = draft.queue ?? {};
  draft.queue = queue;
  for (const entry of entriesOf(node)) {
    if (entry.key === 'rotation') for (const key of entriesOf(entry)) findings.add(key, setRotation(key, queue));
    else findings.add(entry, setLineFormat(entry, queue));
  }
  return reported;
};

function setLineFormat(node: SourceNode, queue: { [key: string]: Plain }) {
  switch (node.key) {
    case 'disable_json':
      if (isOn(node)) queue.format = 'text';
      return undefined;
    case 'no_metadata':
      if (isOn(node)) queue.format = 'raw';
      return undefined;
    case 'add_timestamp':
    case 'flush_each_line':
      return undefined;
    case 'timestamp_format':
      return nearly('times are RFC 3339 with milliseconds');
    case 'no_color':
      return isOn(node) ? nearly('the output of the program is stored as it is') : undefined;
    default:
      return notCarried('`format` of a log queue is text, json or raw');
  }
}

function setRotation(node: SourceNode, queue: { [key: string]: Plain }) {
  const rotate = isPlainMap(queue.rotate) ? queue.rotate : {};
  const number = numberOf(node) ?? 0;
  queue.rotate = rotate;
  switch (node.key) {
    case 'max_size_mb':
      rotate.size = `${number}MiB`;
      return undefined;
    case 'max_backups':
      rotate.keep = number;
      return undefined;
    case 'compress':
      rotate.compress = isOn(node) ? 'gzip' : 'none';
      return undefined;
    case 'max_age_days':
      rotate.max_age = `${number}d`;
      return undefined;
    case 'directory':
    case 'filename':
      return nearly('`path` of the log queue names directory and file');
    default:
      return notCarried('orch import does not know this key');
  }
}
