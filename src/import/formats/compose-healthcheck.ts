// `healthcheck` of compose -> a readiness probe.
import { nearly, notCarried } from '../model/loss-findings.ts';
import type { PlainMap } from '../model/plain.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { type Rule, reported } from '../model/rules.ts';
import { entriesOf, isOn, nodeAt, numberOf, type SourceNode, textOf, textsOf } from '../source/source-node.ts';
import { fromSeconds, parseLongDuration } from '../text/durations.ts';
import { quoteWord } from '../text/shell-words.ts';
import { literal } from '../text/variables.ts';

/** docker checks every 30 s if the file does not say. */
const INTERVAL = '30s';
/** And waits as long for an answer. */
const TIMEOUT = '30s';

/** @param docker the command that reaches the container; null for a program of this machine */
export function healthcheckRule(docker: string | null, name: string): Rule<ServiceDraft> {
  return (node, { draft, findings }) => {
    const test = nodeAt(node, 'test');
    const command = testCommand(test);
    if (isOn(nodeAt(node, 'disable')) || command === null) {
      for (const entry of entriesOf(node)) findings.add(entry, undefined);
      return reported;
    }
    const probe: PlainMap = { exec: docker === null ? command : inContainer(docker, name, command), every: INTERVAL };
    probe.timeout = TIMEOUT;
    for (const entry of entriesOf(node)) findings.add(entry, readKey(entry, probe));
    // `curl -f http://localhost:8000/x` is a request that orch can make itself.
    const url = docker === null && typeof command === 'string' ? urlOf(command) : null;
    if (url !== null) {
      const { exec: _, ...rest } = probe;
      draft.set('readiness', { http: url, ...rest });
    } else draft.set('readiness', probe);
    return reported;
  };
}

function readKey(entry: SourceNode, probe: PlainMap) {
  const ms = parseLongDuration(textOf(entry));
  switch (entry.key) {
    case 'test':
    case 'disable':
      return undefined;
    case 'interval':
      if (ms === null) return notCarried('it is not a duration');
      probe.every = fromSeconds(ms / 1000);
      return undefined;
    case 'timeout':
      if (ms === null) return notCarried('it is not a duration');
      probe.timeout = fromSeconds(ms / 1000);
      return undefined;
    case 'retries':
      if (numberOf(entry) !== 3) probe.failures = numberOf(entry) ?? 3;
      return undefined;
    // Failures before the first success have no effect on readiness.
    case 'start_period':
      return undefined;
    case 'start_interval':
      return ms !== null && fromSeconds(ms / 1000) === probe.every
        ? undefined
        : nearly('the probe has one interval: `every`');
    default:
      return notCarried('orch import does not know this key');
  }
}

/** @returns null for `NONE` */
function testCommand(test: SourceNode | undefined): string | string[] | null {
  if (test?.kind !== 'list') return textOf(test).replaceAll('$$', '$') || null;
  const [kind, ...words] = textsOf(test);
  if (kind === 'NONE') return null;
  if (kind === 'CMD-SHELL') return words.join(' ').replaceAll('$$', '$');
  const command = kind === 'CMD' ? words : [kind!, ...words];
  return command.every((word) => /^[\w./:=@%+,-]+$/.test(word))
    ? command.join(' ')
    : command.map((word) => literal(word.replaceAll('$$', '$')));
}

function inContainer(docker: string, name: string, command: string | string[]): string {
  const words = Array.isArray(command) ? command.map(quoteWord).join(' ') : `sh -c ${quoteWord(command)}`;
  return `${docker} exec -T ${quoteWord(name)} ${words}`;
}

function urlOf(command: string): string | null {
  const match =
    /^(?:curl|wget)\s+((?:-\S+\s+|\/dev\/null\s+)*)["']?(https?:\/\/[^\s"'|;&]+)["']?(?:\s*\|\|\s*(?:exit\s+1|(?:curl|wget)\s.*\2["']?))?$/.exec(
      command.trim(),
    );
  return match && !/-(X|d|H|u)\b/.test(match[1]!) ? literal(match[2]!) : null;
}
