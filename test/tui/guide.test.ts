// The guide shows the current frame and the current keys.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { keyLabel } from '../../src/tui/model/key-label.ts';
import { KEYMAP } from '../../src/tui/model/keymap.ts';
import { changeableNames } from '../../src/tui/model/own-keys.ts';
import { STYLE_NAMES } from '../../src/tui/view/own-theme.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const guide = read('docs/guide/terminal-ui.md');

test('the frame in the guide is the golden frame', () => {
  expect(guide).toContain(`\`\`\`text\n${read('test/tui/frames/80x24.txt')}\`\`\``);
});

test('the table of keys in the guide is the keymap', () => {
  const rows = KEYMAP.filter((binding) => binding.group !== null).map(
    ({ group, keys, help }) => `| ${group} | ${keys.map((key) => `\`${keyLabel(key)}\``).join(' ')} | ${help} |`,
  );
  expect(guide).toContain(['| | key | does |', '|---|---|---|', ...sorted(rows)].join('\n'));
});

test('the guide names everything that can have another key or another colour', () => {
  const names = changeableNames().map((name) => `\`${name}\``);
  expect(guide.replace(/\s+/g, ' ')).toContain(`${names.join(', ')}.`);
  const styles = STYLE_NAMES.filter((name) => !/^name_[2-5]$/.test(name));
  for (const name of styles) expect(guide).toContain(`\`${name}\``);
});

/** By group, in the order of the help screen. */
function sorted(rows: string[]): string[] {
  return ['Move', 'Services', 'Output', 'Select', 'Leave'].flatMap((group) =>
    rows.filter((row) => row.startsWith(`| ${group} |`)),
  );
}
