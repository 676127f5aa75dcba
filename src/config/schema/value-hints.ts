// What to write instead of a value that the schema refuses.
import { parseDurationSumMs, parseSizeBytes, printExactDuration, printExactSize } from '../../units.ts';
import { maskLine } from '../problem/masking.ts';
import type { ListTree, ScalarTree, Tree } from '../tree/tree.ts';
import { nearestAllowed, type SchemaFinding, typesOf, writtenText } from './findings.ts';
import { SIGNAL_NUMBERS } from './signals.ts';

const SECRET_HINT = 'only `env` takes { secret: FILE }; an `exec` probe has the variables of its service';

/** @returns null when there is nothing useful to say */
export function valueHint(path: string[], tree: Tree, finding: SchemaFinding): string | null {
  const key = path.at(-1) ?? '';
  const expected = String(finding.error.parentSchema['x-expected'] ?? '');
  if (tree.kind === 'list') return listHint(key, tree, finding);
  if (tree.kind === 'map') return path.at(-2) === 'headers' && tree.entries.has('secret') ? SECRET_HINT : null;
  return keyHint(path, key, tree) ?? wordHint(tree, finding) ?? typeHint(expected, tree, finding);
}

/** Forms of one key that other tools allow. */
function keyHint(path: string[], key: string, tree: ScalarTree): string | null {
  const { value } = tree;
  const written = writtenText(tree);
  if (key === 'command' && String(value).trim() === '') return 'for example `command: [node, server.js]`';
  if (key === 'restart' && typeof value === 'boolean') return value ? 'write always' : 'write never';
  if (key === 'restart' && value === 'no') return 'write never';
  if (key === 'restart' && value === 'unless-stopped')
    return 'write always: a service that was stopped by hand stays stopped';
  if (key === 'port' && /^\d+:\d+/.test(String(value)))
    return 'orch maps no ports: name the port that the program listens on';
  if (key === 'signal' && typeof value === 'number')
    return SIGNAL_NUMBERS[value] ? `write ${SIGNAL_NUMBERS[value]}` : null;
  if (/^(stop|reload)$/.test(key) && typeof value === 'string' && /^SIG[A-Z0-9]+$/.test(value))
    return `write { signal: ${value} }`;
  if (key === 'depends_on' && typeof value === 'string') return `write [${written}]`;
  if (/^(service_)?healthy$/.test(String(value))) return 'write ready';
  if (isServicePath(path) && typeof value === 'string') return `write its command below it: \`command: ${written}\``;
  if (key === 'log_queue' && typeof value === 'string' && /[/.]/.test(value)) return `write { path: ${written} }`;
  if (path[0] === 'log_queues' && path.length === 2 && typeof value === 'string') return `write { path: ${written} }`;
  return null;
}

const isServicePath = (path: string[]): boolean => path[0] === 'services' && path.length === 2;

function wordHint(tree: ScalarTree, finding: SchemaFinding): string | null {
  const near = typeof tree.value === 'string' ? nearestAllowed(finding, tree.value) : null;
  return near === null ? null : `did you mean "${near}"?`;
}

function typeHint(expected: string, tree: ScalarTree, finding: SchemaFinding): string | null {
  const { value } = tree;
  const written = writtenText(tree);
  const types = typesOf(finding);
  if (/duration/.test(expected)) return durationHint(written);
  if (/^a size\b/.test(expected)) return sizeHint(written);
  if (/^a share/.test(expected) && /^0?\.\d+$/.test(written)) return `write ${Math.round(Number(written) * 100)}%`;
  if (/^a share/.test(expected) && /^\d+$/.test(written)) return `write ${written}%`;
  if (/a name of/.test(expected) && typeof value === 'string') return fittedHint(maskLine(value.slice(0, 100)));
  if (types.includes('boolean') && !types.includes('string')) return booleanHint(value);
  if (typeof value === 'string') {
    if (types.includes('integer') && /^[0-9]+$/.test(value) && tree.style === 'quoted')
      return `without quotes: ${value}`;
    return types.includes('array') ? `write [${written}]` : null;
  }
  if (types.includes('string')) return `put it in quotes: "${written}"`;
  return types.includes('array') && typeof value === 'number' ? `write [${written}]` : null;
}

function booleanHint(value: ScalarTree['value']): string | null {
  if (/^(yes|on|y|true|1)$/i.test(String(value))) return 'write true';
  return /^(no|off|n|false|0)$/i.test(String(value)) ? 'write false' : null;
}

/** Units as other tools write them. */
const DURATION_WORDS: Record<string, string> = {
  ...{ ms: 'ms', msec: 'ms', s: 's', sec: 's', second: 's', m: 'm', min: 'm', minute: 'm' },
  ...{ h: 'h', hr: 'h', hour: 'h', d: 'd', day: 'd' },
};

function durationHint(written: string): string | null {
  const text = withoutQuotes(written);
  if (/^\d+$/.test(text))
    return Number(text) < 100 ? `a unit is needed: ${text}s` : `a unit is needed: ${text}ms or ${text}s`;
  const spelled = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+?)s?$/.exec(text);
  const unit = spelled && DURATION_WORDS[spelled[2]!.toLowerCase()];
  if (unit) return `write ${spelled[1]}${unit}`;
  const ms = text.includes('w') ? null : parseDurationSumMs(text);
  return ms === null ? null : `write ${printExactDuration(Math.round(ms))}`;
}

function sizeHint(written: string): string | null {
  const text = withoutQuotes(written);
  if (/^\d+$/.test(text))
    return Number(text) < 4096 ? `a unit is needed: ${text}MiB` : `a unit is needed: ${printExactSize(Number(text))}`;
  const match = /^(\d+(?:\.\d+)?)\s*([kmg])(i?b?)$/i.exec(text);
  if (!match) return null;
  const unit = `${match[2]!.toUpperCase()}iB`;
  return parseSizeBytes(`${match[1]}${unit}`) === null ? null : `write ${match[1]}${unit}`;
}

const withoutQuotes = (text: string): string => text.replace(/^["']|["']$/g, '');

function listHint(key: string, tree: ListTree, finding: SchemaFinding): string | null {
  if (key === 'port') return 'name the first one: instance n of the pool gets port + n - 1';
  const types = typesOf(finding);
  if (!types.includes('object')) return null;
  const first = tree.items[0];
  const pair = first?.kind === 'scalar' ? /^([A-Za-z_]\w*)=(.*)$/.exec(String(first.value).slice(0, 200)) : null;
  return pair
    ? `write ${maskLine(`${pair[1]}: ${JSON.stringify(pair[2])}`)} without the dash`
    : 'write `name: value` lines instead of `- …`';
}

const fittedHint = (name: string): string | null => (fittedName(name) ? `for example "${fittedName(name)}"` : null);

/** A name made of the allowed characters; null when none is left. */
export function fittedName(name: string): string | null {
  const fitted = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 63);
  return fitted === '' ? null : fitted;
}
