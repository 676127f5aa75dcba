// Probes of process-compose: every 10 s by default, and a failing readiness probe restarts the process.

import { type Findings, nearly, notCarried } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { type Rule, reported } from '../model/rules.ts';
import { entriesOf, nodeAt, numberOf, plainOf, type SourceNode, textOf } from '../source/source-node.ts';
import { fromSeconds } from '../text/durations.ts';
import { probeUrl } from '../text/probe-url.ts';
import { literal, toTemplate } from '../text/variables.ts';
import { type ProcessComposeText, toShellText } from './process-compose-text.ts';

export function probeRule(kind: 'readiness' | 'liveness', words: ProcessComposeText): Rule<ServiceDraft> {
  return (node, { draft, findings, parent }) => {
    const probe: PlainMap = { ...draft.map(kind), ...readTarget(node, words, findings) };
    probe.every = '10s';
    for (const entry of entriesOf(node)) readTiming(entry, probe, findings);
    if (kind === 'readiness') setFailure(parent, probe);
    draft.set(kind, probe);
    return reported;
  };
}

function readTarget(node: SourceNode, words: ProcessComposeText, findings: Findings): PlainMap {
  const probe: PlainMap = {};
  const exec = nodeAt(node, 'exec');
  if (exec) {
    const directory = textOf(nodeAt(exec, 'working_dir'));
    for (const entry of entriesOf(exec)) {
      if (entry.key === 'command') {
        const { text, lost } = toShellText(textOf(entry).trimEnd(), words, 'command');
        probe.exec = directory === '' ? text : `cd '${directory}' && ${text}`;
        findings.add(entry, lost === null ? undefined : nearly(lost));
      } else
        findings.add(entry, entry.key === 'working_dir' ? undefined : notCarried('orch import does not know this key'));
    }
  }
  const http = nodeAt(node, 'http_get') ?? nodeAt(node, 'http');
  if (http) probe.http = readHttp(http, words, findings);
  return probe;
}

function readHttp(http: SourceNode, words: ProcessComposeText, findings: Findings): string | PlainMap {
  const part = (key: string) =>
    toTemplate(toShellText(textOf(nodeAt(http, key)), words, 'value').text, { known: words.known }).text;
  const port = part('port') || part('num_port');
  const url = probeUrl(part('scheme'), part('host'), port, part('path'));
  const request: PlainMap = { url };
  for (const entry of entriesOf(http)) {
    if (['host', 'scheme', 'path', 'port', 'num_port'].includes(entry.key)) findings.add(entry, undefined);
    else if (entry.key === 'status_code') {
      request.status = numberOf(entry) ?? 200;
      findings.add(entry, undefined);
    } else if (entry.key === 'headers') {
      request.headers = Object.fromEntries(
        Object.entries(plainOf(entry) as Record<string, unknown>).map(([name, value]) => [
          name,
          literal(String(value)),
        ]),
      );
      findings.add(entry, undefined);
    } else if (entry.key === 'method') {
      findings.add(entry, /^get$/i.test(textOf(entry)) ? undefined : notCarried('the request is a GET'));
    } else findings.add(entry, notCarried('orch import does not know this key'));
  }
  if (request.status === undefined && nodeAt(http, 'path'))
    findings.add(nodeAt(http, 'path')!, nearly('any status of 200 to 399 counts, not 200 alone'));
  return Object.keys(request).length === 1 ? url : request;
}

function readTiming(entry: SourceNode, probe: PlainMap, findings: Findings): void {
  const number = numberOf(entry) ?? 0;
  switch (entry.key) {
    case 'exec':
    case 'http_get':
    case 'http':
      return;
    case 'period_seconds':
      if (number >= 1) probe.every = fromSeconds(number);
      break;
    case 'timeout_seconds':
      if (number > 1) probe.timeout = fromSeconds(number);
      break;
    case 'initial_delay_seconds':
      if (number > 0) probe.initial_delay = fromSeconds(number);
      break;
    case 'failure_threshold':
      if (number >= 1 && number !== 3) probe.failures = number;
      break;
    case 'success_threshold':
      // process-compose reads it, and does not follow it.
      break;
    default:
      findings.add(entry, notCarried('orch import does not know this key'));
      return;
  }
  findings.add(entry, undefined);
}

/** With the policy `no` the process is not restarted there, either. */
function setFailure(parent: SourceNode, probe: PlainMap): void {
  const policy = textOf(nodeAt(parent, 'availability', 'restart'));
  if (policy === 'always' || policy === 'on_failure') probe.on_failure = 'restart';
}
