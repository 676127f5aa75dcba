// A plan as lines: what happens to which instances and why; below it the keys that changed, each with its place.
import { formatInstances, withoutRepeats } from '../../api/plan-words.ts';
import type { Plan, PlanChange, PlanKey } from '../../api/protocol-plan.ts';
import { type CellStyle, cell, EMPTY_LINE, type Line, line } from './line.ts';
import { wrapWords } from './wrap-words.ts';

const SIGNS: Record<PlanChange['action'], [sign: string, style: CellStyle]> = {
  start: ['+', 'good'],
  stop: ['-', 'bad'],
  restart: ['~', 'warn'],
  scale: ['±', 'accent'],
  update: ['=', 'dim'],
};

export function planLines({ changes, environment }: Plan, columns: number): Line[] {
  const other = environment && `  environment ${environment.from ?? 'none'} → ${environment.to ?? 'none'}`;
  return [
    ...(other ? [line([cell(other, 'warn')], columns), EMPTY_LINE] : []),
    ...withoutRepeats(changes).flatMap((change) => changeLines(change, columns)),
  ];
}

function changeLines({ service, action, instances, reason, keys, class: needs }: PlanChange, columns: number): Line[] {
  const [sign, style] = SIGNS[action];
  const which = instances.length === 0 ? '' : ` ${formatInstances(service, instances)}`;
  return [
    line([cell(`  ${sign} `, style), cell(service, 'bold'), cell(`  ${action}${which}`, style)], columns),
    ...indented(reason, 6, 'plain', columns),
    ...keys.flatMap((key) => [
      ...indented(`${key.key}: ${key.from ?? '(none)'} → ${key.to ?? '(none)'}`, 6, 'accent', columns),
      ...indented(noteOf(key, needs), 8, 'dim', columns),
    ]),
    EMPTY_LINE,
  ];
}

/** `procs.prod.yaml:4, live`: the place, and the class where it is not that of the whole change; or empty. */
function noteOf({ at, was, class: own }: PlanKey, needs: PlanChange['class']): string {
  const place = at ?? was;
  const isOther = own === 'live' && needs === 'restart';
  return [place ? `${place.file}:${place.line}` : '', isOther ? 'live' : ''].filter(Boolean).join(', ');
}

function indented(text: string, indent: number, style: CellStyle, columns: number): Line[] {
  if (text === '') return [];
  const parts = wrapWords(text, Math.max(8, columns - indent));
  return parts.map((part) => line([cell(' '.repeat(indent)), cell(part, style)], columns));
}
