// Keys in a real pseudo-terminal: what they show, and which requests they send.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../rig/wait-for.ts';
import { setStage, TIMEOUT_MS } from './stage.ts';
import { writeOutput } from './terminal-host.ts';

const stage = setStage();

describe('keys', () => {
  test(
    'services, output and events show; commands go to the supervisor',
    async () => {
      const now = await stage.opened();
      expect(now.modes()).toMatchObject({ alternateScreen: true, cursorHidden: true });
      // To the very last column: erasing behind a full row would take its last character.
      expect(
        now
          .screen()
          .split('\n')
          .find((row) => row.includes('── events')),
      ).toMatch(/^.{98}──$/);
      now.type('r');
      await now.shows('restart all 2 instances of api?');
      now.type('\r');
      await now.shows('restarting api');
      now.type('\x1b[B\x1b[B'); // down, down
      await now.shows('api.2 output');
      now.type('s');
      await now.shows('stopping api.2');
      expect(
        stage.supervisor.requests
          .filter(({ method }) => method === 'restart' || method === 'stop')
          .map(({ params }) => params),
      ).toEqual([{ names: ['api'] }, { names: ['api.2'] }]);
    },
    TIMEOUT_MS,
  );

  test(
    'why, help, events, output on the whole screen, and back',
    async () => {
      const now = await stage.opened();
      now.type('w');
      await now.shows(/api ↻ backoff\s+it exits at once\s+▸ fix it/);
      now.type('\x1b');
      await now.shows('all output');
      now.type('?');
      await now.shows('fold or unfold all pools');
      now.type('q');
      await now.shows('all output');
      now.type('e');
      await now.shows(/── events ─+ ▼ following/);
      now.type('l');
      await now.shows(/── all output ─+/);
      expect(now.screen()).not.toContain('NAME');
      now.type('\x1b');
      await now.shows('NAME');
    },
    TIMEOUT_MS,
  );

  test(
    'scale edits the file, or asks for an override',
    async () => {
      const now = await stage.opened();
      now.type('+');
      await now.shows(/scale api from 2 to {2}3 {3}edits procs\.yaml/);
      now.type('5\r');
      await now.shows('procs.yaml: api scaled to 5');
      now.type('-\t\r');
      await now.shows('api scaled to 1 as an override');
      now.type('+999\r');
      await now.shows('procs.yaml:7 too many');
      expect(stage.supervisor.requests.filter(({ method }) => method === 'scale').map(({ params }) => params)).toEqual([
        { service: 'file:api', size: 5 },
        { service: 'api', size: 1 },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    'an error of the supervisor is shown',
    async () => {
      stage.answers.restart = () => {
        throw { code: 'failed', message: 'api is being removed', hint: 'wait' };
      };
      const now = await stage.opened();
      now.type('ry');
      await now.shows('api is being removed (wait)');
    },
    TIMEOUT_MS,
  );

  test(
    'filter and search',
    async () => {
      const now = await stage.opened();
      now.type('/migr');
      await waitFor(
        'only migrate is left',
        now.screen,
        (screen) => screen.includes('migrate') && !screen.includes('· api.1'),
      );
      now.type('\x1b');
      await now.shows('api.1');
      writeOutput(stage.supervisor.paths.logsDir, [['api.2', 'e', 'an ERROR line']], true);
      await now.shows('an ERROR line');
      now.type('f');
      now.type('error\r');
      await waitFor('only the error is left', now.screen, (screen) => !screen.includes('first line of api.1'));
      expect(now.screen()).toContain('an ERROR line');
    },
    TIMEOUT_MS,
  );

  test(
    'pasted text does nothing',
    async () => {
      const now = await stage.opened();
      now.type('\x1b[200~rs+q\x1b[201~');
      now.type('w');
      await now.shows('it exits at once');
      expect(stage.methods().filter((method) => ['restart', 'stop', 'scale', 'down'].includes(method))).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'copy: plain text on the normal screen, any key returns',
    async () => {
      writeOutput(stage.supervisor.paths.logsDir, [['api.1', 'o', '\x1b[32mgreen\x1b[0m words']], true);
      const now = await stage.opened();
      await now.shows('green words');
      now.type('c');
      await now.shows('press any key to return');
      expect(now.modes().alternateScreen).toBe(false);
      expect(now.screen()).toContain('green words');
      now.type('x');
      await now.shows('NAME');
      expect(now.modes().alternateScreen).toBe(true);
    },
    TIMEOUT_MS,
  );

  test(
    'while paused, the lines on screen stay however many arrive',
    async () => {
      const now = await stage.opened();
      const write = (from: number, count: number) => {
        const texts = Array.from({ length: count }, (_, index) => `read ${from + index}.`);
        writeOutput(
          stage.supervisor.paths.logsDir,
          texts.map((text) => ['api.1', 'o', text]),
          true,
        );
      };
      write(0, 100);
      await now.shows('read 99.');
      now.type('l\x1b[5~');
      await now.shows(/read 73\.\n/);
      const seen = now.screen().match(/read \d+\./g);
      for (const from of [100, 3100]) {
        write(from, 3000);
        await now.shows(`paused · ${from + 2926} new lines`);
      }
      expect(now.screen().match(/read \d+\./g)).toEqual(seen);
      now.type('\x1b[F');
      await now.shows('read 6099.');
    },
    TIMEOUT_MS,
  );

  test(
    'a search finds in rotated files, marks its line, and goes back; a filter shows only what it finds',
    async () => {
      const { logsDir } = stage.supervisor.paths;
      const texts = Array.from({ length: 3000 }, (_, number) => (number === 7 ? 'the NEEDLE' : `hay ${number}.`));
      writeOutput(
        logsDir,
        texts.map((text) => ['api.1', 'o', text]),
      );
      const day = new Date(Date.now() - 3_600_000).toISOString();
      const rotated = readFileSync(join(logsDir, 'default.log'), 'utf8').replaceAll(/^\S+/gm, day);
      writeFileSync(join(logsDir, `default.log.${day.replace(/[-:.]/g, '')}.gz`), gzipSync(rotated));
      writeOutput(logsDir, [['api.1', 'o', 'first line of api.1']]);
      const now = await stage.opened();
      now.type('l/needle\r');
      await now.shows(/▌ the NEEDLE/);
      expect(now.screen()).toContain('hay 6.');
      expect(now.screen()).toMatch(/search for needle .*paused/);
      now.type('n');
      await now.shows('no older line with needle');
      now.type('\x1b');
      await now.shows(/following/);
      expect(now.screen()).toContain('first line of api.1');
      now.type('f!hay\r');
      const isFiltered = (screen: string) =>
        /the NEEDLE\n.*first line of api\.1/.test(screen) && !/hay \d/.test(screen);
      await waitFor('only the others are left', now.screen, isFiltered);
      now.type('\x1b');
      await now.shows('hay 2999.');
      now.type('\x1b[H');
      await now.shows('hay 0.');
    },
    TIMEOUT_MS,
  );

  test(
    'a key shows warnings and errors only, then errors, then all lines',
    async () => {
      const texts = ['[ERROR] boom', 'level=warn slow', 'level=info hello'];
      writeOutput(
        stage.supervisor.paths.logsDir,
        texts.map((text) => ['api.1', 'o', text]),
        true,
      );
      const now = await stage.opened();
      const shows = (what: string, expected: string[]) =>
        waitFor(what, now.screen, (screen) => texts.filter((text) => screen.includes(text)).join() === expected.join());
      await shows('all', texts);
      expect(now.raw()).toContain('\x1b[31m[ERROR] boom');
      now.type('v');
      await shows('warnings and errors', texts.slice(0, 2));
      now.type('v');
      await shows('errors', texts.slice(0, 1));
      now.type('v');
      await shows('all again', texts);
    },
    TIMEOUT_MS,
  );

  test(
    'a key bounds the output in time; another goes to a time',
    async () => {
      const at = (agoMs: number, text: string) => `${new Date(Date.now() - agoMs).toISOString()} api.1 o ${text}\n`;
      const old = Array.from({ length: 50 }, (_, index) => at(7_200_000 - index, `old ${index}.`)).join('');
      const log = join(stage.supervisor.paths.logsDir, 'default.log');
      writeFileSync(log, old + at(600_000, 'of ten minutes ago') + at(0, 'first line of api.1'));
      const now = await stage.opened();
      now.type('lmm');
      const isBound = (screen: string) => /since .* \(15 m\)/.test(screen) && !screen.includes('old 49.');
      await waitFor('only lines of 15 minutes', now.screen, isBound);
      await now.shows('of ten minutes ago');
      now.type('mmm');
      await now.shows('old 49.');
      now.type('@3h\r');
      await now.shows(/paused/);
      await now.shows('old 0.');
    },
    TIMEOUT_MS,
  );

  test(
    'keys clear the output, leave a service out, and draw a line',
    async () => {
      const { logsDir } = stage.supervisor.paths;
      const now = await stage.opened();
      now.type('M'); // api, the first row
      const isMuted = (screen: string) => screen.includes('all output without api') && !screen.includes('first line');
      await waitFor('api is left out', now.screen, isMuted);
      writeOutput(logsDir, [['db.1', 'o', 'a line of db']], true);
      await now.shows('a line of db');
      now.type('M');
      await now.shows('first line of api.1');
      now.type('C');
      const isCleared = (screen: string) => screen.includes('(cleared)') && !screen.includes('first line');
      await waitFor('nothing is left', now.screen, isCleared);
      writeOutput(logsDir, [['db.1', 'o', 'another line']], true);
      await now.shows('another line');
      now.type('L');
      await now.shows(/another line\n── \d\d:\d\d:\d\d ─+\n/);
      now.type('\x1b');
      await now.shows('first line of api.1');
    },
    TIMEOUT_MS,
  );
});

test(
  'control sequences that mean no key, typed or pasted, leave the view alone',
  async () => {
    const now = await stage.opened();
    now.type('\x1b[31m\x1b[99;5~\x1b[99;5^\x1b[8;30;100t');
    now.type('\x1b[200~\x1b[31mred\x1b[99;5~\x1b[201~');
    now.type('?');
    await now.shows(/── keys ─/);
  },
  TIMEOUT_MS,
);
