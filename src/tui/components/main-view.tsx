// The main view: header, banner, services, their output, the last events, footer. `layoutOf` says how high each is.
import { isWide, layoutOf, tableColumns } from '../model/layout.ts';
import type { LogView } from '../model/log-ring.ts';
import { tableRows } from '../model/rows.ts';
import type { UiState } from '../model/state.ts';
import { eventRule, lastEventLines } from '../view/events.ts';
import { footerLine } from '../view/footer.ts';
import { bannerLines, headerLine } from '../view/header.ts';
import { tableOf } from '../view/table.ts';
import { useAppearance } from './appearance.ts';
import { OutputPane } from './output-pane.tsx';
import { PreparedLines } from './prepared-lines.tsx';
import { ServiceTable } from './service-table.tsx';
import { SideBySide } from './side-by-side.tsx';
import { TextLine } from './text-line.tsx';

type MainViewProps = { state: UiState; log: LogView; nowMs: number };

export function MainView({ state, log, nowMs }: MainViewProps) {
  const { glyphs } = useAppearance();
  const { columns } = state.size;
  const rows = tableRows(state);
  const layout = layoutOf(state, rows.length);
  const hasPane = layout.paneTitle > 0;
  const room = { height: layout.table, head: layout.tableHead, mayDropTitles: !hasPane };
  const table = tableOf(state, rows, room, { nowMs, glyphs });
  const banner = bannerLines(state, glyphs).slice(0, layout.banner);
  return (
    <>
      {layout.header > 0 && (
        <TextLine cells={headerLine(state, glyphs, hasPane ? '' : table.visibleRange)} columns={columns} />
      )}
      {banner.map((cells, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines of one text
        <TextLine key={index} cells={cells} columns={columns} />
      ))}
      <SideBySide divided={isWide(state)} left={tableColumns(state)} height={layout.tableHead + layout.table}>
        <ServiceTable table={table} width={tableColumns(state)} height={layout.table} />
        {hasPane && (
          <OutputPane
            state={state}
            log={log}
            height={layout.paneTitle + layout.pane}
            visibleRange={table.visibleRange}
          />
        )}
      </SideBySide>
      {layout.eventTitle > 0 && <TextLine cells={eventRule(state, glyphs)} columns={columns} />}
      <PreparedLines lines={lastEventLines(state, layout.events)} height={layout.events} />
      {layout.footer > 0 && <TextLine cells={footerLine(state, nowMs, glyphs)} columns={columns} />}
    </>
  );
}
