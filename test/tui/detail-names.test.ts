// Long names on the page of details keep their end, which tells one instance from another.
import { expect, test } from 'vitest';
import { formatDetails } from '../../src/cli/format/details-text.ts';
import { painter } from '../../src/terminal/colour.ts';
import type { Details } from '../../src/tui/model/details.ts';
import { panelLines } from '../../src/tui/view/panel.ts';

const ids = [1, 2, 13].map((number) => `a-very-long-service-name-for-europe-west-number-three.${number}`);
const details: Details = {
  name: 'a',
  title: null,
  instances: null,
  sections: [
    { title: 'instances', rows: ids.map((id) => ({ label: id, value: 'ready, pid 1' })) },
    {
      title: 'processes',
      columns: [{ title: 'INSTANCE' }, { title: 'PID', align: 'right' }, { title: 'COMMAND' }],
      rows: ids.map((id) => ({ label: '1', value: 'run', cells: [id, '1', 'node server.js --port 8080'] })),
    },
  ],
};

test.each([60, 80, 120, 200])('a long name keeps its end at %i columns', (columns) => {
  const rows = panelLines({ kind: 'details', name: 'a', scroll: 0, details, error: null }, columns).map((cells) =>
    cells.map(({ text }) => text).join(''),
  );
  for (const end of ['.1', '.2', '.13']) {
    expect(rows.filter((row) => new RegExp(`^ +a-very.*….*three\\${end} `).test(row))).toHaveLength(2);
  }
  expect(rows.join('\n')).toMatch(/ 1 {2}node server\.js/);
  for (const row of rows) expect(row.length).toBeLessThanOrEqual(columns);
});

test('orch show cuts long names in a terminal alone', () => {
  const shown = formatDetails(details, painter(false), 80);
  for (const end of ['.1', '.2', '.13'])
    expect(shown).toMatch(new RegExp(`\\n {2}a-very.*….*three\\${end} +1 {2}node`));
  const whole = formatDetails(details, painter(false), null);
  for (const id of ids) expect(whole).toMatch(new RegExp(`\\n {2}${id} +1 {2}node`));
});
