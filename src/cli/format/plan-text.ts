// A plan for people: a sign, the service, what happens to which instances and why; below it the keys that changed. Pure.
import type { EnvironmentChange, Plan, PlanChange } from '../../api/protocol.ts';
import type { Colour, Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';

const SIGNS: Record<PlanChange['action'], [sign: string, colour: Colour]> = {
  start: ['+', 'green'],
  stop: ['-', 'red'],
  restart: ['~', 'yellow'],
  scale: ['±', 'cyan'],
  update: ['=', 'dim'],
};

/** Ends without a line break. */
export function formatPlan({ changes, environment }: Plan, paint: Paint): string {
  const header = environment ? [paint('yellow', formatEnvironmentChange(environment)), ''] : [];
  if (changes.length === 0) return [...header, environment ? 'Nothing else to do.' : 'Nothing to do.'].join('\n');
  const width = Math.max(...changes.map(({ service }) => service.length));
  const lines = withoutRepeats(changes).map((change) => formatChange(change, width, paint));
  return [...header, ...lines, '', formatSummary(changes)].join('\n');
}

const formatEnvironmentChange = ({ from, to }: EnvironmentChange): string =>
  escapeControls(`environment ${from ?? 'none'} → ${to ?? 'none'}`);

/** Several changes of one service may list the same key: it is shown with the first of them. */
function withoutRepeats(changes: PlanChange[]): PlanChange[] {
  const shown = new Set<string>();
  return changes.map((change) => {
    const keys = change.keys.filter(({ key }) => !shown.has(`${change.service} ${key}`));
    for (const { key } of keys) shown.add(`${change.service} ${key}`);
    return { ...change, keys };
  });
}

function formatChange({ service, action, instances, keys, reason }: PlanChange, width: number, paint: Paint): string {
  const [sign, colour] = SIGNS[action];
  const which = instances.length === 0 ? '' : ` ${formatInstances(service, instances)}`;
  const head = `${paint(colour, `${sign} ${service.padEnd(width)}  ${action}`)}${which}: ${escapeControls(reason)}`;
  const lines = keys.map(({ key, from, to }) => `      ${key}: ${value(from)} → ${value(to)}`);
  return [head, ...lines].join('\n');
}

const value = (text: string | null) => (text === null ? '(none)' : escapeControls(text));

/** `api.1`, `api.1 … api.4`, `api.1, api.3`. */
function formatInstances(service: string, instances: string[]): string {
  const numbers = instances.map((id) => Number(id.slice(service.length + 1)));
  const isRange = numbers.every((number, at) => at === 0 || number === numbers[at - 1]! + 1);
  if (isRange && instances.length > 2) return `${instances[0]} … ${instances.at(-1)} (${instances.length})`;
  return instances.length > 8 ? `${instances.length} instances` : instances.join(', ');
}

function formatSummary(changes: PlanChange[]): string {
  const count = (action: PlanChange['action']) =>
    changes.filter((change) => change.action === action).reduce((sum, change) => sum + change.instances.length, 0);
  const updates = changes.filter(({ action }) => action === 'update');
  const scaled = changes.filter(({ action }) => action === 'scale');
  const parts = [
    [count('start'), 'to start'],
    [count('restart'), 'to restart'],
    [count('stop'), 'to stop'],
    [scaled.length, scaled.length === 1 ? 'pool to scale' : 'pools to scale'],
    [updates.filter((change) => change.class === 'live').length, 'updated in place'],
    [updates.filter((change) => change.class === 'restart').length, 'held back'],
  ] as const;
  const shown = parts.filter(([number]) => number > 0).map(([number, label]) => `${number} ${label}`);
  return `Plan: ${shown.join(', ')}.`;
}
