// `orch plan --markdown`: read by a parser of GitHub's Markdown, and safe whatever names, values and references say.
import fc from 'fast-check';
import { Lexer, type Token, type Tokens } from 'marked';
import { expect, test } from 'vitest';
import type { PlanChange } from '../../src/api/protocol-plan.ts';
import { formatMarkdown } from '../../src/cli/format/plan-markdown.ts';
import { type PlanReport, summarizePlan } from '../../src/plan/plan-report.ts';

function reportOf(changes: PlanChange[], parts: Partial<PlanReport> = {}): PlanReport {
  return {
    changes,
    project: 'shop',
    env: null,
    from: { kind: 'commit', ref: 'main', commit: 'a'.repeat(40) },
    to: { kind: 'commit', ref: 'HEAD', commit: 'b'.repeat(40) },
    summary: summarizePlan({ changes }),
    ...parts,
  };
}

const restart: PlanChange = {
  service: 'api',
  action: 'restart',
  instances: ['api.1', 'api.2', 'api.3'],
  class: 'restart',
  keys: [
    { key: 'command', from: '["a"]', to: '["b"]', class: 'restart', at: { file: 'procs.yaml', line: 3, column: 5 } },
    { key: 'stop.grace', from: '10s', to: null, class: 'live', was: { file: 'procs.yaml', line: 9, column: 5 } },
  ],
  reason: 'command changed',
};

test('a plan reads as a table, with the changed keys in a part that unfolds', () => {
  const start: PlanChange = { ...restart, service: 'web', action: 'start', instances: ['web.1'], keys: [] };
  expect(formatMarkdown(reportOf([restart, start]), null)).toMatchInlineSnapshot(`
    "### orch plan: shop: main → HEAD

    **2 changes: 1 restarts (3 instances), 1 starts.**

    | service | change | instances | class | why |
    |---|---|---|---|---|
    | api | restart | api.1 … api.3 (3) | restart | command changed |
    | web | start | web.1 | restart | command changed |

    <details>
    <summary>Changed keys</summary>

    \`\`\`diff
    @@ api: restart @@
    - command: ["a"]
    + command: ["b"]
      procs.yaml:3
    - stop.grace: 10s
      procs.yaml:9, live
    \`\`\`

    </details>"
  `);
});

test('without a change the table is left out', () => {
  expect(formatMarkdown(reportOf([]), 'a note').split('\n').slice(1)).toEqual(['', '**Nothing to do.**', '', 'a note']);
});

/** What could end a cell, a row, the fence, or the text; and what notifies people. */
const nasty = fc.constantFrom(
  ...[
    '|',
    '\\|',
    '\\',
    '`',
    '``',
    '````````',
    '\n',
    '\r',
    '\n\n',
    '\n|---|\n',
    '<img src=x onerror=alert(1)>',
    '</details>',
  ],
  ...[
    '<!--',
    '-->',
    '<script>',
    '&lt;',
    '&#96;',
    '@octocat',
    '@org/team',
    '#12',
    'owner/repo#12',
    'GH-12',
    '[a](http://b)',
  ],
  ...[
    '![](http://b)',
    'https://example.org',
    'www.example.org',
    '~~~',
    '***',
    '__a__',
    '$x$',
    ':tada:',
    '\u202e',
    '\u2028',
    'a\u2029# b',
    '\x1b[31m',
  ],
  ...['[a]: http://b', '* a', '- a', '1. a', '> a', '# a', '\t', '    a', '{', '}', ' '],
);
const text = fc
  .array(fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 4 })), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join(''));

const change: fc.Arbitrary<PlanChange> = fc.record({
  service: fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/),
  action: fc.constantFrom('start', 'stop', 'restart', 'update', 'scale'),
  instances: fc.constant([]),
  class: fc.constantFrom('live', 'restart'),
  keys: fc.array(
    fc.record({
      key: text,
      from: fc.option(text),
      to: fc.option(text),
      at: fc.record({ file: text, line: fc.constant(3), column: fc.constant(5) }),
    }),
    { maxLength: 3 },
  ),
  reason: text,
});

const tokensOf = (markdown: string): Token[] =>
  new Lexer({ gfm: true }).lex(markdown).filter(({ type }) => type !== 'space');

/** Every token below, depth first. */
function within(token: Token): Token[] {
  const cells =
    token.type === 'table' ? [...(token as Tokens.Table).header, ...(token as Tokens.Table).rows.flat()] : [];
  const children = [...('tokens' in token ? (token.tokens ?? []) : []), ...cells.flatMap(({ tokens }) => tokens)];
  return [token, ...children.flatMap(within)];
}

test('no text of a plan breaks the table or the fence, becomes HTML or a link, or mentions a user', () => {
  let withKeys = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), text, text, text, (changes, project, ref, note) => {
      const from = { kind: 'commit' as const, ref, commit: 'a'.repeat(40) };
      const tokens = tokensOf(formatMarkdown(reportOf(changes, { project, env: ref, from }), `see ${note}`));
      const hasKeys = changes.some(({ keys }) => keys.some((key) => key.from !== null || key.to !== null || key.at));
      if (hasKeys) withKeys++;
      const details = hasKeys ? ['html', 'code', 'html'] : [];
      expect(tokens.map(({ type }) => type)).toEqual(['heading', 'paragraph', 'paragraph', 'table', ...details]);
      const table = tokens[3] as Tokens.Table;
      expect(table.rows.map((row) => row.length)).toEqual(changes.map(() => 5));
      const names = table.rows.map(([service]) => decode(service!.text).replaceAll('\u200b', '')); // within `gh-1`
      expect(names).toEqual(changes.map(({ service }) => service));
      const inline = tokens.slice(0, 4).flatMap(within);
      expect(
        inline.filter(({ type }) => ['html', 'link', 'image', 'codespan', 'em', 'del', 'br'].includes(type)),
      ).toEqual([]);
      // As GitHub shows it: references are characters by then.
      const shown = inline.map((token) => ('text' in token ? decode(token.text) : '')).join('\n');
      expect(shown).not.toMatch(/[@#][\w-]|GH-\d/i);
      const html = tokens.filter(({ type }) => type === 'html').map(({ raw }) => raw.trim());
      expect(html).toEqual(hasKeys ? ['<details>\n<summary>Changed keys</summary>', '</details>'] : []);
    }),
    { numRuns: 500 },
  );
  expect(withKeys).toBeGreaterThan(250);
});

const decode = (text: string): string => text.replace(/&#(\d+);/g, (_match, code) => String.fromCharCode(Number(code)));

test('a plan of any size fits into a comment, and says what was left out', () => {
  const changes = Array.from({ length: 2_000 }, (_, at) => ({
    ...restart,
    service: `s${at}`,
    instances: [`s${at}.1`],
  }));
  const markdown = formatMarkdown(reportOf(changes), null);
  expect(markdown.length).toBeLessThan(62_000);
  expect(tokensOf(markdown).map(({ type }) => type)).toEqual(['heading', 'paragraph', 'table', 'html', 'code', 'html']);
  expect(markdown).toMatch(/^\| … \| \d+ more /m);
  expect(markdown).toMatch(/^… \d+ more lines/m);
});
