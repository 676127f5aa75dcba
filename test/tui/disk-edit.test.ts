// The view of the edit on disk: rejected, held, applied; what it asks for and when; Enter.
import { describe, expect, test } from 'vitest';
import type { Status } from '../../src/api/protocol.ts';
import type { HeldEdit } from '../../src/api/protocol-edits.ts';
import type { Plan } from '../../src/api/protocol-plan.ts';
import { widthOf } from '../../src/terminal/width.ts';
import { LogRing } from '../../src/tui/model/log-ring.ts';
import type { TerminalSize, UiState } from '../../src/tui/model/state.ts';
import { reduce } from '../../src/tui/reducer.ts';
import { problemLines } from '../../src/tui/view/problem-lines.ts';
import { drawnRows } from './ink-frame.ts';
import { NOW_MS, press, rejectedConfig, shopStatus, shownState } from './sample.ts';

const SIZE = { columns: 80, rows: 24 };
const ASK = { kind: 'ask', of: 'diskEdit' };
const held = (change: Partial<HeldEdit> = {}): HeldEdit => ({
  reasons: [{ rule: 'manual', because: 'policy.apply is manual' }],
  since: '2026-03-01T11:59:00.000Z',
  summary: '2 changes: 1 restarts (3 instances), 1 stops',
  command: 'orch apply',
  ...change,
});
const plan: Plan = {
  changes: [
    {
      service: 'api',
      action: 'restart',
      instances: ['api.1', 'api.2', 'api.3'],
      class: 'restart',
      reason: 'env.LOG_LEVEL changed',
      keys: [{ key: 'env.LOG_LEVEL', from: 'info', to: 'debug', at: { file: 'procs.yaml', line: 12, column: 5 } }],
    },
    {
      service: 'mailer',
      action: 'stop',
      instances: ['mailer.1'],
      class: 'restart',
      reason: 'it left the file',
      keys: [],
    },
  ],
};
const config = (change: Partial<Status['config']> = {}): Status['config'] => ({
  files: ['procs.yaml'],
  status: 'held',
  problems: [],
  held: held(),
  ...change,
});
const status = (of: Status['config']) => shopStatus({ config: of });
const opened = (of: Status['config'], size: TerminalSize = SIZE) =>
  press(shownState(size, { status: status(of) }), ['p']);
const tell = (state: UiState, message: Parameters<typeof reduce>[1]) => reduce(state, message, new LogRing());
const answered = (of = config(), size = SIZE): UiState =>
  tell(opened(of, size).state, {
    kind: 'answered',
    answer: { of: 'diskEdit', edit: { generation: 3, status: 'held', problems: [], held: held(), plan } },
  }).state;
const body = (state: UiState) =>
  drawnRows(state)
    .slice(1, -1)
    .map((row) => row.trimEnd())
    .filter((row) => row !== '');

describe('a rejected edit', () => {
  test('cannot be applied: Enter says what to do first', () => {
    const { state } = opened(rejectedConfig());
    expect(press(state, ['enter']).state.notice?.text).toBe('the edit has problems: mend the file first');
  });

  test('every error comes with its place, line, caret and hint; warnings last', () => {
    const { state } = opened(rejectedConfig());
    expect(body(state)).toEqual([
      `── the files on disk  rejected ${'─'.repeat(49)}`,
      '    Not applied: 2 errors. What runs is still generation 3.',
      '    error procs.yaml:12:5',
      '      unknown key "comand" in service "api"',
      '      12 |     comand: node server.js',
      '         |     ^^^^^^',
      '      hint: did you mean "command"?',
      '    error procs.yaml:14:5',
      '      another',
      '    warning procs.yaml:3:5',
      '      a warning',
    ]);
  });

  test('the caret stays under its text in a line that is wider than the screen', () => {
    const text = `${'x'.repeat(200)}日本 bad${'y'.repeat(200)}`;
    const problem = { ...rejectedConfig().problems[1]!, excerpt: { text, caretColumn: 204, caretLength: 3 } };
    const rows = problemLines(problem, 60).map((cells) => cells.map((each) => each.text).join(''));
    const at = rows.findIndex((row) => row.includes('12 | '));
    expect(widthOf(rows[at]!)).toBeLessThanOrEqual(60);
    const column = widthOf(rows[at + 1]!.slice(0, rows[at + 1]!.indexOf('^')));
    expect(widthOf(rows[at]!.slice(0, rows[at]!.indexOf('bad')))).toBe(column);
  });

  test('it scrolls where there are many, and the last line of the main view names the key', () => {
    const [, problem] = rejectedConfig().problems;
    const many = { ...rejectedConfig(), problems: Array.from({ length: 30 }, (_, line) => ({ ...problem!, line })) };
    const { state } = opened(many);
    expect(body(press(state, ['end']).state).join('\n')).toContain('procs.yaml:29:5');
    expect(drawnRows(press(state, ['p']).state).at(-1)).toMatch(/^ p the edit {2}\? help/);
    expect(drawnRows(shownState(SIZE)).at(-1)).toMatch(/^ \? help/);
  });
});

describe('a held edit', () => {
  test('its plan, its keys with their places, and what holds it', () => {
    expect(body(answered())).toEqual([
      `── the files on disk  held ${'─'.repeat(53)}`,
      '    held: policy.apply is manual',
      '    2 changes: 1 restarts (3 instances), 1 stops. Enter applies it, as `orch',
      '    apply` does.',
      '    ~ api  restart api.1 … api.3 (3)',
      '        env.LOG_LEVEL changed',
      '        env.LOG_LEVEL: info → debug',
      '          procs.yaml:12',
      '    - mailer  stop mailer.1',
      '        it left the file',
    ]);
  });

  test('the supervisor is asked when the view opens, and again only when the files or what runs are others', () => {
    const { state, effects } = opened(config());
    expect(effects).toEqual([ASK]);
    const next = (of: Status['config'], generation = 3) =>
      tell(state, { kind: 'status', status: { ...status(of), generation }, nowMs: NOW_MS }).effects;
    expect(next(config())).toEqual([]);
    expect(next(config({ held: held({ since: '2026-03-01T11:59:30.000Z' }) }))).toEqual([ASK]);
    expect(next(config({ status: 'applied' }))).toEqual([ASK]);
    expect(next(config(), 4)).toEqual([ASK]);
    const main = press(state, ['q']).state;
    expect(tell(main, { kind: 'status', status: status(rejectedConfig()), nowMs: NOW_MS }).effects).toEqual([]);
  });

  test('Enter applies it after a question, and only it; edits that are paused are resumed', () => {
    const asked = press(answered(), ['enter']);
    expect(asked.effects).toEqual([]);
    expect(drawnRows(asked.state).at(-1)).toContain('apply the edit on disk (2 changes: 1 restarts');
    expect(press(asked.state, ['y']).effects).toEqual([{ kind: 'applyHeld', since: held().since }]);
    expect(press(asked.state, ['n']).state.view).toBe('diskEdit');
    const paused = held({ reasons: [{ rule: 'paused', because: 'edits are paused' }], command: 'orch resume' });
    const resumed = press(opened(config({ held: paused })).state, ['enter', 'y']);
    expect(resumed.effects).toEqual([{ kind: 'project', method: 'resume' }]);
  });

  test('the reason is shown when the supervisor gives no plan', () => {
    const failed = tell(opened(config()).state, {
      kind: 'unanswered',
      of: 'diskEdit',
      error: 'the project is going down',
    });
    expect(body(failed.state).join('\n')).toContain('the project is going down');
    expect(body(opened(config()).state).join('\n')).toContain('asking the supervisor …');
  });
});

test('what is applied says so, and Enter does nothing', () => {
  const { state } = opened({ files: ['procs.yaml'], status: 'applied', problems: [] });
  expect(body(state).join('\n')).toContain('They are what runs: generation 3.');
  expect(press(state, ['enter']).state.overlay).toBeNull();
});

test.each([20, 40, 60, 80, 200])('no row is wider than the screen at %i columns', (columns) => {
  for (const state of [
    answered(config(), { columns, rows: 15 }),
    opened(rejectedConfig(), { columns, rows: 15 }).state,
  ])
    for (const row of drawnRows(state)) expect(widthOf(row)).toBeLessThanOrEqual(columns);
});
