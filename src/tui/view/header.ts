// The first line: project, generation, commit, convergence, cost of the supervisor. Below it, the banner of a rejected
// configuration: position, message, the line with a caret, the hint.

import { holdLines } from '../../api/held-edit.ts';
import type { InstanceState, Status } from '../../api/protocol.ts';
import { convergenceOf } from '../../api/status-queries.ts';
import type { Problem } from '../../core/load-result.ts';
import { stripSequences } from '../../terminal/sanitize.ts';
import { formatClock } from '../../units.ts';
import { SEVERITY } from '../model/severity.ts';
import type { UiState } from '../model/state.ts';
import { formatCpuPercent, formatRoundedBytes } from './format.ts';
import { type Cell, cell, cellsWidth, fittingGroups, type Line, line, spaceBetween } from './line.ts';
import { type Glyphs, STATE_STYLE } from './theme.ts';

/** Shown first, in this order. */
const PENDING_STATES = SEVERITY.slice(0, SEVERITY.indexOf('running') + 1);

/** @param visibleRange the rows of the table that are shown, when only this line has room for it; else empty. */
export function headerLine(state: UiState, glyphs: Glyphs, visibleRange = ''): Line {
  const { columns } = state.size;
  const { status } = state;
  if (status === null) return line([cell(' orch ', 'match'), cell('  connecting …', 'dim')], columns);
  const name = cell(` ${status.project} `, 'match');
  const env = status.env === null ? [] : [cell(' '), cell(status.env, 'accent')];
  const generation = cell(`${status.env === null ? '' : ' '} generation ${status.generation}`, 'dim');
  const needs =
    state.lostSinceMs === null ? convergence(status, glyphs) : [cell(`${glyphs.state.failed} supervisor lost`, 'bad')];
  const ready = countStates(status).get('ready') ?? 0;
  const now = [cell('  '), ...needs, ...(ready > 0 ? [cell('  '), cell(`${ready} ready`)] : [])];
  const groups = [name, ...now].map((each) => [each]);
  if (visibleRange !== '' && cellsWidth([name, cell('  '), ...needs]) + visibleRange.length + 2 <= columns)
    return spaceBetween(
      fittingGroups(groups, columns - visibleRange.length - 2, 1),
      [cell(visibleRange, 'dim')],
      columns,
    );
  const { commit, follow } = status.config;
  const full = [name, ...env, generation, ...now];
  const withCommit = [
    name,
    ...env,
    generation,
    ...(commit ? [cell(`  ${stripSequences(commit.text)}`, 'dim')] : []),
    ...(follow ? [cell(`  follows ${stripSequences(follow.ref)}`, 'dim')] : []),
    ...now,
  ];
  const whole = [withCommit, full].find((cells) => cellsWidth(cells) <= columns);
  const left = whole ?? fittingGroups(groups, columns, 1);
  const { long, short } = supervisorTexts(status, state.owning);
  const right = cellsWidth(left) + long.length + 2 <= columns ? long : short;
  return spaceBetween(left, [cell(right, 'dim')], columns);
}

/** `● converged`, or what is pending: `◔ converging  1 failed  2 starting`, `✗ degraded: web.1  1 failed`. */
function convergence(status: Status, glyphs: Glyphs): Cell[] {
  const counts = countStates(status);
  const pending = PENDING_STATES.filter((state) => counts.has(state)).map((state) =>
    stateCount(state, counts.get(state)!, glyphs),
  );
  const word = convergenceOf(status);
  const head: Cell =
    (status.degraded ?? []).length > 0
      ? cell(`${glyphs.state.failed} ${word}`, 'bad')
      : status.converged
        ? cell(`${glyphs.state.ready} ${word}`, 'good')
        : cell(`${glyphs.state.starting} ${word}`, 'busy');
  const rejected = status.config.status === 'rejected' ? [cell(`${glyphs.state.failed} rejected`, 'bad')] : [];
  const { paused, status: onDisk } = status.config;
  const waiting = paused ? 'paused' : onDisk === 'held' ? 'held' : null;
  if (waiting) rejected.push(cell(`${glyphs.state.backoff} ${waiting}`, 'warn'));
  return [...rejected.flatMap((each) => [each, cell('  ')]), head, ...pending.flatMap((each) => [cell('  '), each])];
}

function stateCount(state: InstanceState, count: number, glyphs: Glyphs): Cell {
  return cell(`${glyphs.state[state]} ${count} ${state}`, STATE_STYLE[state]);
}

function countStates(status: Status): Map<InstanceState, number> {
  const counts = new Map<InstanceState, number>();
  for (const service of status.services) {
    for (const { state } of service.instances) counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

function supervisorTexts({ supervisor }: Status, owning: boolean): { long: string; short: string } {
  const { pid, cpuPercent, rssBytes } = supervisor;
  const cost = `${formatCpuPercent(cpuPercent)}  ${formatRoundedBytes(rssBytes)} `;
  return { long: `${owning ? '' : 'attached  '}supervisor ${pid}  ${cost}`, short: `orch ${cost}` };
}

/** Empty while the files on disk are applied, and edits of them will be. The most important line comes first: the caller cuts at the end. */
export function bannerLines(state: UiState, glyphs: Glyphs): Line[] {
  const { columns } = state.size;
  const config = state.status?.config;
  if (config === undefined) return [];
  const held = holdLines(config).map((text) =>
    line([cell(` ${glyphs.state.backoff} `, 'warn'), cell(text, 'warn')], columns),
  );
  const rejected = config.status === 'rejected' ? rejectedLines(state, config.problems, glyphs) : [];
  return [...lostLines(state, glyphs), ...rejected, ...held];
}

function lostLines(state: UiState, glyphs: Glyphs): Line[] {
  if (state.lostSinceMs === null) return [];
  const since = formatClock(state.lostSinceMs);
  const text = `no supervisor answers since ${since}; services may still run`;
  return [alertLine(text, state.size.columns, glyphs)];
}

function rejectedLines(state: UiState, problems: Problem[], glyphs: Glyphs): Line[] {
  const { columns } = state.size;
  const stillRunning = `still running generation ${state.status!.generation}`;
  const errors = problems.filter((problem) => problem.severity === 'error');
  const [problem] = errors;
  if (problem === undefined) return [alertLine(`configuration rejected; ${stillRunning}`, columns, glyphs)];
  const more = errors.length - 1;
  const lines = [alertLine(`${positionOf(problem)} ${problem.message}`, columns, glyphs)];
  if (problem.hint !== null) lines.push(line([cell('   hint: ', 'warn'), cell(problem.hint)], columns));
  lines.push(...excerptLines(problem, columns));
  if (more > 0) {
    const others = `${more} more error${more === 1 ? '' : 's'}: orch validate  (rejected; ${stillRunning})`;
    lines.push(line([cell(`   ${others}`, 'dim')], columns));
  }
  return lines;
}

function alertLine(text: string, columns: number, glyphs: Glyphs): Line {
  return line([cell(` ${glyphs.state.failed} `, 'alert'), cell(` ${text}`, 'bad')], columns);
}

function positionOf(problem: Problem): string {
  return [problem.file, problem.line, problem.column].filter((part) => part !== null).join(':');
}

function excerptLines({ excerpt, line: number }: Problem, columns: number): Line[] {
  if (excerpt === null) return [];
  const gutter = `   ${number ?? ''} | `;
  const caret =
    ' '.repeat(gutter.length + Math.max(0, excerpt.caretColumn - 1)) + '^'.repeat(Math.max(1, excerpt.caretLength));
  return [
    line([cell(gutter, 'dim'), cell(excerpt.text.replaceAll('\t', ' '))], columns),
    line([cell(caret, 'bad')], columns),
  ];
}
