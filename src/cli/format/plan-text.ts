// A plan for people: a sign, the service, what happens to which instances and why; below it the keys that changed, each with
// the place of its new value. Pure.
import type { EnvironmentChange, Plan, PlanChange, PlanKey } from '../../api/protocol-plan.ts';
import type { FilePlace } from '../../core/load-result.ts';
import { summarizePlan } from '../../plan/plan-report.ts';
import type { Colour, Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';

const SIGNS: Record<PlanChange['action'], [sign: string, colour: Colour]> = {
  start: ['+', 'green'],
  stop: ['-', 'red'],
  restart: ['~', 'yellow'],
  scale: ['±', 'cyan'],
  update: ['=', 'dim'],
};

/** Ends without a line break. The last line is the summary. */
export function formatPlan(plan: Plan, paint: Paint): string {
  const { changes, environment } = plan;
  const header = environment ? [paint('yellow', formatEnvironmentChange(environment)), ''] : [];
  if (changes.length === 0) return [...header, environment ? 'Nothing else to do.' : 'Nothing to do.'].join('\n');
  const width = Math.max(...changes.map(({ service }) => service.length));
  const lines = withoutRepeats(changes).map((change) => formatChange(change, width, paint));
  return [...header, ...lines, '', `${summarizePlan(plan).text}.`].join('\n');
}

export const formatEnvironmentChange = ({ from, to }: EnvironmentChange): string =>
  escapeControls(`environment ${from ?? 'none'} → ${to ?? 'none'}`);

/** Several changes of one service may list the same key: it is shown with the first of them. */
export function withoutRepeats(changes: PlanChange[]): PlanChange[] {
  const shown = new Set<string>();
  return changes.map((change) => {
    const keys = change.keys.filter(({ key }) => !shown.has(`${change.service} ${key}`));
    for (const { key } of keys) shown.add(`${change.service} ${key}`);
    return { ...change, keys };
  });
}

function formatChange(change: PlanChange, width: number, paint: Paint): string {
  const { service, action, instances, keys, reason } = change;
  const [sign, colour] = SIGNS[action];
  const which = instances.length === 0 ? '' : ` ${formatInstances(service, instances)}`;
  const head = `${paint(colour, `${sign} ${service.padEnd(width)}  ${action}`)}${which}: ${escapeControls(reason)}`;
  const lines = keys.map((key) => {
    const note = keyNote(change, key);
    return `      ${key.key}: ${printValue(key.from)} → ${printValue(key.to)}${note && paint('dim', `  (${note})`)}`;
  });
  return [head, ...lines].join('\n');
}

export const printValue = (text: string | null): string => (text === null ? '(none)' : escapeControls(text));

/** `procs.prod.yaml:4, live`: the place, and the class where it is not that of the whole change; '' if there is neither. */
export function keyNote(change: PlanChange, key: PlanKey): string {
  const place = key.at ?? key.was;
  const isOther = key.class === 'live' && change.class === 'restart';
  return [place ? printPlace(place) : '', isOther ? 'live' : ''].filter(Boolean).join(', ');
}

const printPlace = ({ file, line }: FilePlace): string => `${escapeControls(file)}:${line}`;

/** `api.1`, `api.1 … api.4`, `api.1, api.3`. */
export function formatInstances(service: string, instances: string[]): string {
  const numbers = instances.map((id) => Number(id.slice(service.length + 1)));
  const isRange = numbers.every((number, at) => at === 0 || number === numbers[at - 1]! + 1);
  if (isRange && instances.length > 2) return `${instances[0]} … ${instances.at(-1)} (${instances.length})`;
  return instances.length > 8 ? `${instances.length} instances` : instances.join(', ');
}
