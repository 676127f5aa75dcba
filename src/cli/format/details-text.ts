// All that is known about a service or an instance, as text: sections with aligned rows.
import type { Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { renderTable } from '../../terminal/table.ts';
import { clipMiddle, widthOf } from '../../terminal/width.ts';
import type { DetailRow, DetailSection, Details } from '../../tui/model/details.ts';

const MAX_LABEL = 28;
const INDENT = '  ';

/** @param widthColumns of the terminal; null: nothing is cut */
export function formatDetails({ name, title, sections }: Details, paint: Paint, widthColumns: number | null): string {
  const heading = `${paint('bold', escapeControls(name))}${title === null ? '' : ` (${escapeControls(title)})`}`;
  const parts = sections.map((section) => {
    const lines = section.columns ? tableLines(section, paint, widthColumns) : rowLines(section, paint);
    return [paint('bold', section.title), ...lines.map((text) => INDENT + text)].join('\n');
  });
  return [heading, ...parts].join('\n\n');
}

function tableLines({ rows, columns = [] }: DetailSection, paint: Paint, widthColumns: number | null): string[] {
  const names = widthColumns === null ? Number.POSITIVE_INFINITY : MAX_LABEL;
  const cells = rows.map(({ cells: [first = '', ...others] = [] }) =>
    [clipMiddle(first, names), ...others].map((text) => ({ text })),
  );
  return renderTable(columns, cells, paint, widthColumns === null ? null : widthColumns - INDENT.length);
}

function rowLines({ rows }: DetailSection, paint: Paint): string[] {
  const width = Math.min(MAX_LABEL, Math.max(...rows.map(({ label }) => widthOf(escapeControls(label)))));
  return rows.map((row) => formatRow(row, width, paint));
}

function formatRow({ label, value, from }: DetailRow, width: number, paint: Paint): string {
  const clean = escapeControls(label);
  const padding = ' '.repeat(Math.max(0, width - widthOf(clean)));
  const place = from === undefined ? '' : `  ${paint('dim', `# ${escapeControls(from)}`)}`;
  return `${paint('cyan', clean)}${padding}  ${escapeControls(value)}${place}`;
}
