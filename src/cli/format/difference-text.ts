// The difference of two configurations for people: each service with the keys that differ, and what their change would need. Pure.
import type { ServiceDifference } from '../../plan/compare-configs.ts';
import type { RunningDifference } from '../../plan/running-difference.ts';
import type { Colour, Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { widthOf } from '../../terminal/width.ts';

type Shown = Omit<RunningDifference, 'services'> & { services: (ServiceDifference & { notes?: string[] })[] };

const SIGNS: Record<ServiceDifference['change'], [sign: string, colour: Colour]> = {
  added: ['+', 'green'],
  removed: ['-', 'red'],
  changed: ['~', 'yellow'],
};

/** @param widthColumns from which on a key takes three lines. @returns text without a line break at its end */
export function formatDifference(difference: Shown, paint: Paint, widthColumns: number): string {
  const { services, environment, name, instances } = difference;
  const header = [
    ...(name ? [`name: ${name.from} → ${name.to}`] : []),
    ...(environment ? [`environment: ${environment.from ?? 'none'} → ${environment.to ?? 'none'}`] : []),
  ].map((line) => paint('yellow', escapeControls(line)));
  if (services.length === 0 && header.length === 0) return 'No difference.';
  const blocks = services.map((one) => formatService(one, paint, widthColumns).join('\n'));
  const sizes = `${instances.from} → ${instances.to} instances`;
  return [...header, ...blocks, '', `${countsOf(services)}; ${sizes}.`].join('\n');
}

function formatService(difference: Shown['services'][number], paint: Paint, widthColumns: number): string[] {
  const { service, change, keys, notes = [] } = difference;
  const [sign, colour] = difference.class === 'live' ? (['=', 'cyan'] as const) : SIGNS[change];
  const what = change === 'changed' ? CLASS_MEANS[difference.class ?? 'live'] : change;
  const head = `${paint(colour, `${sign} ${service}`)}: ${keys.length === 0 && notes.length > 0 ? 'runs otherwise' : what}`;
  const lines = change === 'added' ? declaredLines(keys) : change === 'changed' ? keyLines(keys, widthColumns) : [];
  return [head, ...lines, ...notes.map((note) => `    ${note}`)].map((line, at) =>
    at === 0 ? line : escapeControls(line),
  );
}

const CLASS_MEANS = { restart: 'changed, needs new processes', live: 'changed, applied in place' };

/** What a person wants to know of a new service; `--json` has all keys. */
const TELLING = /^(command|pool|port|schedule\.cron|schedule\.every|env\..*|depends_on\.[^.]*)$/;

const declaredLines = (keys: ServiceDifference['keys']): string[] =>
  keys
    .filter(({ key, to }) => TELLING.test(key) && !(key === 'pool' && to === '1'))
    .map(({ key, to }) => `    ${key}: ${to}`);

/** What needs new processes comes first. */
function keyLines(keys: ServiceDifference['keys'], widthColumns: number): string[] {
  const ordered = [...keys].sort((a, b) => Number(b.class === 'restart') - Number(a.class === 'restart'));
  return ordered.flatMap(({ key, class: needs, from, to }) => {
    const name = `    ${needs.padEnd('restart'.length)}  ${key}:`;
    const line = `${name} ${from ?? '(none)'} → ${to ?? '(none)'}`;
    if (widthOf(line) <= widthColumns) return [line];
    return [name, `               ${from ?? '(none)'}`, `             → ${to ?? '(none)'}`];
  });
}

function countsOf(services: Shown['services']): string {
  const of = (matches: (one: ServiceDifference) => boolean) => services.filter(matches).length;
  const counts = [
    [of((one) => one.change === 'added'), 'added'],
    [of((one) => one.change === 'removed'), 'removed'],
    [of((one) => one.class === 'restart'), 'with new processes'],
    [of((one) => one.class === 'live'), 'in place'],
  ] as const;
  const shown = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return shown.length === 0
    ? 'No service differs'
    : `${services.length} differ${services.length === 1 ? 's' : ''}: ${shown.join(', ')}`;
}
