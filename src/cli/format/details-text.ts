// All that is known about a service or an instance, as text: sections with aligned rows.
import type { Paint } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { widthOf } from '../../terminal/width.ts';
import type { DetailRow, Details } from '../../tui/model/details.ts';

const MAX_LABEL = 28;

export function formatDetails({ name, title, sections }: Details, paint: Paint): string {
  const heading = `${paint('bold', escapeControls(name))}${title === null ? '' : ` (${escapeControls(title)})`}`;
  const parts = sections.map((section) => {
    const width = Math.min(MAX_LABEL, Math.max(...section.rows.map(({ label }) => widthOf(escapeControls(label)))));
    const rows = section.rows.map((row) => `  ${formatRow(row, width, paint)}`);
    return [paint('bold', section.title), ...rows].join('\n');
  });
  return [heading, ...parts].join('\n\n');
}

function formatRow({ label, value, from }: DetailRow, width: number, paint: Paint): string {
  const clean = escapeControls(label);
  const padding = ' '.repeat(Math.max(0, width - widthOf(clean)));
  const place = from === undefined ? '' : `  ${paint('dim', `# ${escapeControls(from)}`)}`;
  return `${paint('cyan', clean)}${padding}  ${escapeControls(value)}${place}`;
}
