// (state, log, clock) → frame: the whole screen as regions of lines. Pure; draws nothing, decides no colours.

import { frameHeight, layoutOf, listHeight } from './model/layout.ts';
import type { LogView } from './model/log-ring.ts';
import { tableRows } from './model/rows.ts';
import type { PanelOverlay, UiState } from './model/state.ts';
import { eventPageLines, eventRule, eventTitle, lastEventLines } from './view/events.ts';
import { footerLine } from './view/footer.ts';
import { cell, type Frame, type FrameRegion, padLines, ruleLine } from './view/frame.ts';
import { bannerLines, headerLine } from './view/header.ts';
import { paneLines, paneTitle } from './view/pane.ts';
import { panelLines, panelTitle, shutdownLines } from './view/panel.ts';
import { tableView } from './view/table.ts';
import type { Glyphs } from './view/theme.ts';

export type ViewContext = { log: LogView; nowMs: number; colour: boolean; glyphs: Glyphs };

/** @returns never more lines than the terminal has, nor wider ones. */
export function viewModel(state: UiState, context: ViewContext): Frame {
  const body = bodyOf(state, context);
  const noticeEndMs = state.notice !== null && state.notice.untilMs > context.nowMs ? state.notice.untilMs : Infinity;
  const nextChangeMs = Math.min(body.nextChangeMs, noticeEndMs);
  return {
    columns: state.size.columns,
    regions: body.regions.filter((region) => region.lines.length > 0),
    nextChangeMs: nextChangeMs === Infinity ? null : nextChangeMs,
  };
}

type ViewBody = { regions: FrameRegion[]; nextChangeMs: number };

function bodyOf(state: UiState, context: ViewContext): ViewBody {
  if (state.shutdown !== null) return shutdownBody(state, context);
  if (state.overlay?.kind === 'help' || state.overlay?.kind === 'why') return panelBody(state, state.overlay, context);
  if (state.view === 'main') return mainBody(state, context);
  return listBody(state, context);
}

function mainBody(state: UiState, context: ViewContext): ViewBody {
  const { log, nowMs, glyphs, colour } = context;
  const rows = tableRows(state);
  const layout = layoutOf(state, rows.length);
  const hasPane = layout.paneTitle > 0;
  const table = tableView(state, rows, {
    height: layout.table,
    head: layout.tableHead,
    mayDropTitles: !hasPane,
    nowMs,
    glyphs,
  });
  const pane = hasPane
    ? [
        paneTitle(state, log, glyphs, table.visibleRange),
        ...paneLines(state, log, { height: layout.pane, colour, glyphs }),
      ]
    : [];
  const header = headerLine(state, glyphs, hasPane ? '' : table.visibleRange);
  const regions: FrameRegion[] = [
    { name: 'header', lines: layout.header > 0 ? [header] : [] },
    { name: 'banner', lines: bannerLines(state, glyphs).slice(0, layout.banner) },
    { name: 'table', lines: table.lines },
    { name: 'pane', lines: pane },
    {
      name: 'events',
      lines: [...(layout.eventTitle > 0 ? [eventRule(state, glyphs)] : []), ...lastEventLines(state, layout.events)],
    },
    { name: 'footer', lines: layout.footer > 0 ? [footerLine(state, nowMs, glyphs)] : [] },
  ];
  return { regions, nextChangeMs: table.nextChangeMs };
}

/** Output or events on the whole screen, under the header. */
function listBody(state: UiState, context: ViewContext): ViewBody {
  const { log, nowMs, glyphs, colour } = context;
  const height = Math.max(0, frameHeight(state) - 3);
  const lines =
    state.view === 'logs'
      ? [paneTitle(state, log, glyphs), ...paneLines(state, log, { height, colour, glyphs })]
      : [eventTitle(state, glyphs), ...eventPageLines(state, height)];
  return { regions: withHeaderAndFooter(state, { name: 'pane', lines }, nowMs, glyphs), nextChangeMs: Infinity };
}

function panelBody(state: UiState, panel: PanelOverlay, context: ViewContext): ViewBody {
  const { nowMs, glyphs } = context;
  const { columns } = state.size;
  const all = panelLines(panel, columns, glyphs);
  const height = listHeight(state);
  const start = Math.max(0, Math.min(panel.scroll, all.length - height));
  const part = `${start + 1}-${Math.min(all.length, start + height)} of ${all.length}`;
  const mark = all.length > height ? [cell(part, 'dim')] : [];
  const title = ruleLine([cell(panelTitle(panel), 'bold')], mark, columns, glyphs.rule);
  const lines = [title, ...padLines(all.slice(start, start + height), height)];
  return { regions: withHeaderAndFooter(state, { name: 'overlay', lines }, nowMs, glyphs), nextChangeMs: Infinity };
}

function shutdownBody(state: UiState, context: ViewContext): ViewBody {
  const { nowMs, glyphs } = context;
  const lines = shutdownLines(state.shutdown!, { columns: state.size.columns, nowMs });
  const height = Math.max(1, frameHeight(state) - 2);
  const regions = withHeaderAndFooter(state, { name: 'overlay', lines: padLines(lines, height) }, nowMs, glyphs);
  return { regions, nextChangeMs: nowMs + 1000 - ((nowMs - state.shutdown!.sinceMs) % 1000) };
}

/** Header above and footer below, as far as there is room for them. */
function withHeaderAndFooter(state: UiState, middle: FrameRegion, nowMs: number, glyphs: Glyphs): FrameRegion[] {
  const rows = frameHeight(state);
  const room = rows - (rows >= 2 ? 1 : 0) - (rows >= 3 ? 1 : 0);
  return [
    { name: 'header', lines: rows >= 2 ? [headerLine(state, glyphs)] : [] },
    { ...middle, lines: middle.lines.slice(0, room) },
    { name: 'footer', lines: rows >= 3 ? [footerLine(state, nowMs, glyphs)] : [] },
  ];
}
