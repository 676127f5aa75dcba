// The whole output of `orch plan` for people. Pure.
import type { PlanReport } from '../../plan/plan-report.ts';
import type { Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { formatPlan } from './plan-text.ts';
import { applyCommand, planTitle } from './plan-title.ts';

/** Ends without a line break. @param note what else a person should know */
export function formatReport(report: PlanReport, note: string | null, paint: Paint): string {
  const title = escapeControls(planTitle(report));
  const command = applyCommand(report);
  return [
    `${title}${note === null ? '' : `\n(${escapeControls(note)})`}`,
    formatPlan(report, paint),
    ...(command === null
      ? []
      : [paint('dim', `\`${command}\` applies this, and nothing if the files or the running project changed`)]),
  ].join('\n\n');
}
