// A plan as Markdown for a pull request: a table, and the changed keys in a part that unfolds. Names, values and references
// come from the change under review: none of them may break the table, become HTML, or notify people. Pure.
import { formatInstances, withoutRepeats } from '../../api/plan-words.ts';
import type { Plan, PlanChange, PlanKey } from '../../api/protocol-plan.ts';
import type { PlanReport } from '../../plan/plan-report.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { formatEnvironmentChange, keyNote, printValue } from './plan-text.ts';
import { applyCommand, planTitle } from './plan-title.ts';

/** GitHub refuses a comment of more than 65,536 characters; the rest is for what a workflow adds. */
const MAX_CHARACTERS = 60_000;

/** Ends without a line break. @param note what else a person should know */
export function formatMarkdown(report: PlanReport, note: string | null): string {
  const command = applyCommand(report);
  const head = [`### orch plan: ${escapeMarkdown(planTitle(report))}`, '', ...summaryLines(report, note)];
  const rows = report.changes.map(tableRow);
  const keys = withoutRepeats(report.changes).flatMap(keyLines);
  const table = withinBudget(rows, MAX_CHARACTERS / 2, (left) => `| … | ${left} more | | | |`);
  const budget = MAX_CHARACTERS - table.join('\n').length - head.join('\n').length;
  const details = withinBudget(keys, budget, (left) => `… ${left} more lines: orch plan --json lists all`);
  return [
    ...head,
    ...(rows.length === 0 ? [] : ['', ...TABLE_HEAD, ...table]),
    ...(keys.length === 0 ? [] : ['', ...unfolding('Changed keys', details)]),
    ...(command === null ? [] : ['', `Applies exactly this: \`${command}\``]),
  ].join('\n');
}

function summaryLines({ summary, environment }: PlanReport, note: string | null): string[] {
  const text = `**${summary.text.charAt(0).toUpperCase()}${summary.text.slice(1)}.**`;
  return [
    ...(environment ? [escapeMarkdown(formatEnvironmentChange(environment)), ''] : []),
    text,
    ...(note === null ? [] : ['', escapeMarkdown(note)]),
  ];
}

const TABLE_HEAD = ['| service | change | instances | class | why |', '|---|---|---|---|---|'];

function tableRow({ service, action, instances, class: changeClass, reason }: PlanChange): string {
  const which = instances.length === 0 ? '' : formatInstances(service, instances);
  const cells = [service, action, which, changeClass, reason].map(escapeMarkdown);
  return `| ${cells.join(' | ')} |`;
}

/** As a diff, which GitHub colours. */
function keyLines(change: Plan['changes'][number]): string[] {
  if (change.keys.length === 0) return [];
  return [`@@ ${change.service}: ${change.action} @@`, ...change.keys.flatMap((key) => diffOfKey(change, key))];
}

function diffOfKey(change: PlanChange, key: PlanKey): string[] {
  const name = escapeControls(key.key);
  const note = keyNote(change, key);
  return [
    ...(key.from === null ? [] : [`- ${name}: ${printValue(key.from)}`]),
    ...(key.to === null ? [] : [`+ ${name}: ${printValue(key.to)}`]),
    ...(note === '' ? [] : [`  ${note}`]),
  ];
}

/** No text in a fence is Markdown or HTML, and none of ours has a line break: only a longer fence could end it. */
function unfolding(title: string, lines: string[]): string[] {
  const longest = Math.max(0, ...lines.flatMap((line) => (line.match(/`+/g) ?? []).map((run) => run.length)));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return ['<details>', `<summary>${title}</summary>`, '', `${fence}diff`, ...lines, fence, '', '</details>'];
}

/** @returns the lines that fit, and one that says how many do not. */
function withinBudget(lines: string[], characters: number, more: (left: number) => string): string[] {
  let used = 0;
  const end = lines.findIndex((line) => {
    used += line.length + 1;
    return used > characters;
  });
  return end === -1 ? lines : [...lines.slice(0, end), more(lines.length - end)];
}

/**
 * Plain text within a line of Markdown: what has a meaning there becomes a character reference, which never has one
 * (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references). After `@` and `#` comes a zero-width space:
 * GitHub looks for mentions and issues in the text that is shown.
 */
function escapeMarkdown(text: string): string {
  return escapeControls(text)
    .replace(
      /[&<>|\\`*~[\]#@!$]|:(?=\S)|(?<![a-z0-9])_|_(?![a-z0-9])/gi,
      (character) => `&#${character.charCodeAt(0)};`,
    )
    .replace(/&#(64|35);/g, '&#$1;&#8203;')
    .replace(/(GH)-(?=\d)/gi, '$1&#45;&#8203;')
    .replace(/www\./gi, (match) => `${match.slice(0, -1)}&#46;`);
}
