// What the view writes to a real pseudo-terminal: at any size, with hostile output, and no more than needed.
import { describe, expect, test } from 'vitest';
import { sampleStatus } from '../api/fake-supervisor.ts';
import { waitFor } from '../rig/wait-for.ts';
import { HOSTILE } from './hostile.ts';
import { forever, SIZE, setStage, TIMEOUT_MS } from './stage.ts';
import { type HostTerminal, writeOutput } from './terminal-host.ts';

const stage = setStage();

describe('sizes', () => {
  test(
    'many resizes, down to 0×0, end in a complete frame',
    async () => {
      const now = await stage.opened();
      for (let step = 0; step < 40; step++) now.resize(1 + ((step * 37) % 150), 1 + ((step * 13) % 50));
      now.resize(1, 1);
      now.resize(120, 40);
      await now.shows('first line of api.1');
      await waitFor('the footer is in the last line but one', now.screen, (screen) => screen.split('\n').length === 39);
      expect(now.screen().split('\n')[0]).toMatch(/^ shop .* MiB *$/);
      expect(now.screen().split('\n')[38]).toMatch(/^ \? help/);
    },
    TIMEOUT_MS,
  );

  test(
    'a window that shrinks and grows back at once is drawn again',
    async () => {
      const now = await stage.opened();
      const whole = now.screen();
      now.resize(SIZE.columns, 8);
      now.resize(SIZE.columns, SIZE.rows);
      await waitFor('the picture is whole again', now.screen, (screen) => screen === whole);
    },
    TIMEOUT_MS,
  );

  test(
    'wide: the output is at the right of the services, and scrolls there; narrow: below them',
    async () => {
      const wide = { columns: 200, rows: 50 };
      const now = await stage.opened('own colour', wide);
      const texts = Array.from({ length: 120 }, (_, index) => `line ${index}${index % 2 ? ' \x1b[31m日本語' : ''}.`);
      const lines = texts.map((text): ['api.1', 'o', string] => ['api.1', 'o', text]);
      writeOutput(stage.supervisor.paths.logsDir, lines, true);
      await now.shows(/NAME .* │ ── all output ─/);
      const shown = await now.shows(/line 119/);
      const rows = shown.split('\n');
      expect(rows[2]).toMatch(/^▌ ▾ api ×2 .* │ \d\d:\d\d:\d\d api\.1 +│ line /);
      expect(new Set(rows.slice(1, 40).map((row) => row.indexOf(' │ '))).size).toBe(1);
      now.type('\x1b[5~');
      await now.shows('paused');
      await waitFor('the newest line is below', now.screen, (screen) => !screen.includes('line 119'));
      now.type('\x1b[F');
      await now.shows('line 119');
      now.resize(SIZE.columns, SIZE.rows);
      // The emulator keeps what was behind column 100.
      await now.shows(/\n── all output ─[\s\S]*\n\S+ api\.1 +│ line 119[\s\S]*\n── events/);
    },
    TIMEOUT_MS,
  );

  test.each([
    { columns: 20, rows: 5 },
    { columns: 2, rows: 1 },
    { columns: 200, rows: 60 },
  ])(
    'starts at $columns×$rows',
    async (size) => {
      const now = stage.open('', size);
      // On two columns, a frame with data is all blank.
      await waitFor('the view asks for the status', stage.methods, (methods) => methods.includes('watchStatus'));
      now.resize(SIZE.columns, SIZE.rows);
      await now.shows('first line of api.1');
      now.type('q');
      await now.shows('outcome: quit');
    },
    TIMEOUT_MS,
  );
});

test.each(['CI=1', 'NO_COLOR=1 TERM=vt100', 'COLUMNS=10 LINES=3', 'DEV=true'])(
  'draws with %s in the environment',
  async (environment) => {
    const now = stage.open('', SIZE, `${environment} HOST`);
    await now.shows('first line of api.1');
    now.type('q');
    await now.shows('outcome: quit');
  },
  TIMEOUT_MS,
);

describe('hostile text', () => {
  test(
    'hostile output does not change title, clipboard, modes or cursor',
    async () => {
      const lines = HOSTILE.map(([what, text]): ['api.1', 'o', string] => [
        'api.1',
        'o',
        `${what}${text.replaceAll('\n', '')}.`,
      ]);
      for (let index = 0; index < lines.length; index += 12) {
        writeOutput(stage.supervisor.paths.logsDir, lines.slice(index, index + 12), index > 0);
      }
      const now = stage.open('own colour', { columns: 120, rows: 60 });
      await now.shows('tag characters');
      const before = now.modes();
      const [service] = sampleStatus().services;
      const all = HOSTILE.map(([, text]) => text).join('x');
      const hostile = {
        ...service!,
        name: `api${all}`,
        instances: service!.instances.map((each) => ({ ...each, reason: all })),
      };
      stage.send(sampleStatus({ project: `shop${all}`, services: [hostile] }));
      await now.shows(/^ shopx/);
      for (const keys of ['G', 'w', '\x1b', 'e', '\x1b', 'l', 'x', '\x1b[5~', '\x1b']) now.type(keys);
      await now.shows('NAME');
      expect(now.modes()).toEqual(before);
      expect(before).toMatchObject({
        title: '',
        clipboard: [],
        bells: 0,
        alternateScreen: true,
        cursorHidden: true,
        mouse: 'drag',
      });
      expect(before).toMatchObject({
        origin: false,
        insert: false,
        applicationCursorKeys: false,
        sendFocus: false,
        wrap: false,
      });
      // What has arrived so far may end within a sequence.
      const controls =
        now
          .raw()
          .replace(/\x1b\[?[\d;?]*$/, '')
          .match(/\x1b(?!\[[\d;:]*m)[^\x1b]{0,8}/g) ?? [];
      const ours = /^\x1b\[(\d+;\d+H|2K|J|\?(1049|25|7|1000|1002|1006|2004|2026)[hl])/;
      expect(controls.filter((sequence) => !ours.test(sequence))).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('drawing', () => {
  test(
    'an unchanged state writes nothing',
    async () => {
      stage.answers.watchStatus = (_params, call) => {
        const [api, ...rest] = sampleStatus().services;
        // Uptimes of hours: no text changes by itself within this test.
        const startedAt = new Date(Date.now() - 7_230_000).toISOString();
        const services = [{ ...api!, instances: api!.instances.map((each) => ({ ...each, startedAt })) }, ...rest];
        const status = sampleStatus({ services });
        const timer = setInterval(() => call.event(status), 50);
        call.event(status);
        void call.gone.then(() => clearInterval(timer));
        return forever;
      };
      const now = await stage.opened();
      const settled = now.raw().length;
      let statuses = 0;
      stage.send = () => statuses++;
      await waitFor(
        'two seconds of the same status',
        () => performance.now(),
        (
          (start) => (time: number) =>
            time > start + 2000
        )(performance.now()),
      );
      expect(now.raw().length).toBe(settled);
      expect(statuses).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'a flood of output costs at most ten frames a second',
    async () => {
      const now = await stage.opened();
      const startMs = performance.now();
      const framesBefore = frames(now);
      let number = 0;
      while (performance.now() < startMs + 2000) {
        writeOutput(
          stage.supervisor.paths.logsDir,
          Array.from({ length: 200 }, () => ['api.1', 'o', `line ${number++}`]),
          true,
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      const seconds = (performance.now() - startMs) / 1000;
      expect(frames(now) - framesBefore).toBeLessThanOrEqual(10 * seconds + 2);
      await now.shows(`line ${number - 1}`);
    },
    TIMEOUT_MS,
  );

  const frames = (now: HostTerminal) => now.raw().split('\x1b[?2026h').length - 1;
});
