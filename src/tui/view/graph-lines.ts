// The dependency graph as lines: the tree, the state of each service, the condition that connects it, and why it waits.
import type { ServiceStatus } from '../../api/protocol.ts';
import { clipMiddle, widthOf } from '../../terminal/width.ts';
import { chosenIndex, type GraphEdge, type GraphNode, type GraphRow, graphRows } from '../model/graph.ts';
import { firstVisible } from '../model/layout.ts';
import { worstState } from '../model/severity.ts';
import type { UiState } from '../model/state.ts';
import { type Cell, type CellStyle, cell, fixedCell, type Line, line } from './line.ts';
import { type ListContent, listTitle } from './list-content.ts';
import { type Glyphs, STATE_STYLE } from './theme.ts';

/** Of each level of the tree. */
const INDENT = 3;
const NAME_MIN = 12;
const STATE_MAX = 16;
/** Narrower screens name the condition only where it does not hold. */
const CONDITIONS_FROM = 56;

const CONDITION_TEXT: Record<GraphEdge['condition'], string> = {
  started: 'is started',
  ready: 'is ready',
  completed: 'has completed',
  ended: 'has ended',
};

/** @param height lines of the screen, without the title */
export function graphContent(state: UiState, height: number, glyphs: Glyphs): ListContent {
  const { columns } = state.size;
  const rows = graphRows(state.status?.services ?? [], state.graph.focus);
  const chosen = chosenIndex(rows, state.graph.chosen);
  const start = firstVisible(rows.length, height, chosen);
  const visible = rows.slice(start, start + height);
  const layout = layoutOfRows(rows, columns);
  return {
    title: listTitle(titleCells(state), { start, height, count: rows.length }, columns, glyphs),
    rows: visible.map((row, index) => ({ cells: rowLine(row, layout, glyphs), isChosen: start + index === chosen })),
    empty: emptyText(state, rows),
  };
}

/** The whole graph, for a screen reader. */
export function graphLines(state: UiState, glyphs: Glyphs): Line[] {
  const rows = graphRows(state.status?.services ?? [], state.graph.focus);
  return rows.map((row) => rowLine(row, layoutOfRows(rows, state.size.columns), glyphs));
}

function titleCells({ graph, status }: UiState): Cell[] {
  if (graph.focus !== null) return [cell('dependencies of ', 'bold'), cell(graph.focus, 'accent')];
  const waiting = (status?.services ?? []).filter(({ dependsOn = [] }) => dependsOn.some(({ met }) => !met)).length;
  return [
    cell('dependencies', 'bold'),
    ...(waiting === 0 ? [] : [cell(`  ${waiting} with an unmet condition`, 'warn')]),
  ];
}

function emptyText({ status, graph }: UiState, rows: readonly GraphRow[]): string {
  if (rows.length > 0 || status === null) return '';
  return graph.focus === null ? 'no services are declared' : `${graph.focus} is gone`;
}

/** `prefix`: columns that the lines of the tree may take. */
type RowLayout = { columns: number; tree: number; prefix: number; state: number };

/** The column of the tree is as wide as it needs to be, up to half of the screen. */
function layoutOfRows(rows: readonly GraphRow[], columns: number): RowLayout {
  const room = columns - 2;
  const nodes = rows.filter((row) => row.kind === 'node');
  const widest = nodes.reduce((most, row) => Math.max(most, row.branches.length * INDENT + 2 + nameWidth(row)), 0);
  const state = nodes.reduce((most, row) => Math.max(most, stateText(row.service).length), 0);
  const most = Math.max(NAME_MIN + INDENT, Math.floor(room / 2));
  const prefix = widest <= most ? widest : most - NAME_MIN;
  return { columns: room, tree: Math.min(widest, most), prefix, state: Math.min(state, STATE_MAX) };
}

const nameWidth = (node: GraphNode): number => widthOf(nameText(node));

function nameText({ name, service, isRepeated }: GraphNode, multiplier = '×'): string {
  const pool = service !== null && service.pool > 1 ? ` ${multiplier}${service.pool}` : '';
  return `${name}${pool}${isRepeated ? ' (above)' : ''}`;
}

function rowLine(row: GraphRow, layout: RowLayout, glyphs: Glyphs): Line {
  if (row.kind === 'title') return line([cell(row.text, 'title')], layout.columns);
  const { service, edge } = row;
  const state = worstState(service?.instances ?? []);
  const style = service === null ? 'bad' : service.instances.length === 0 ? 'dim' : STATE_STYLE[state];
  const glyph = service === null ? glyphs.state.failed : glyphs.state[state];
  const prefix = prefixText(row.branches, layout.prefix, glyphs);
  const room = layout.tree - widthOf(prefix) - widthOf(glyph) - 1;
  return line(
    [
      cell(prefix, 'dim'),
      cell(glyph, style),
      cell(glyph === '' ? '' : ' '),
      fixedCell(clipMiddle(nameText(row, glyphs.multiplier), room), room, row.isRepeated ? 'dim' : 'plain'),
      cell('  '),
      fixedCell(stateText(service), layout.state, style),
      ...(edge === null ? [] : edgeCells(edge, layout, glyphs)),
      ...(row.isRepeated ? [] : reasonCells(service)),
    ],
    layout.columns,
  );
}

/** Where the tree is deeper than there is room for, the outer levels are a number. */
function prefixText(branches: readonly boolean[], room: number, glyphs: Glyphs): string {
  if (branches.length === 0) return '';
  const shown = Math.max(1, Math.floor(room / INDENT));
  const hidden = Math.max(0, branches.length - shown);
  const left = hidden === 0 ? 0 : hidden + 1;
  const levels = branches.slice(left, -1).map((continues) => (continues ? `${glyphs.pipe} ` : ' '.repeat(INDENT)));
  const own = `${branches.at(-1) ? glyphs.tee : glyphs.elbow} `;
  const outer = hidden === 0 ? '' : `+${left}`.slice(0, INDENT).padEnd(INDENT);
  return glyphs.tee === '' ? '' : [outer, ...levels, own].join('');
}

function stateText(service: ServiceStatus | null): string {
  if (service === null) return 'not declared';
  const { instances } = service;
  if (instances.length === 0) return 'no instance';
  const state = worstState(instances);
  if (instances.length === 1) return state;
  return `${state} ${instances.filter((instance) => instance.state === state).length}/${instances.length}`;
}

/** `✓ once db is ready` */
function edgeCells(edge: GraphEdge, { columns }: RowLayout, glyphs: Glyphs): Cell[] {
  const { dependency, condition, met, required } = edge;
  const style: CellStyle = met ? 'dim' : 'warn';
  const mark = met ? cell(`  ${glyphs.met}`, 'good') : cell(`  ${glyphs.unmet}`, style);
  if (met && columns < CONDITIONS_FROM) return [mark];
  const optional = required === false ? ', if that can be' : '';
  return [mark, cell(` once ${dependency} ${CONDITION_TEXT[condition]}${optional}`, style)];
}

/** Why it is not up. */
function reasonCells(service: ServiceStatus | null): Cell[] {
  if (service === null) return [];
  const state = worstState(service.instances);
  const reason = service.instances.find((instance) => instance.state === state)?.reason ?? null;
  return reason === null ? [] : [cell(`  ${reason}`, 'dim')];
}
