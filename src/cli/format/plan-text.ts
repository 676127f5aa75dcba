// A plan for people: a sign, the service, what happens to which instances and why; below it the keys that changed, each with
// the place of its new value. Pure.
import { formatInstances, withoutRepeats } from '../../api/plan-words.ts';
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
