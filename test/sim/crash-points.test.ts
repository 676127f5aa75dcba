// The supervisor dies before every single effect of the known scenarios; the next one has to make it good. With all other
// tests it is every third effect; `npm run test:demanding` tries each.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bundleGuest } from './build.ts';
import { compile, forget, put, REPLAY_FLAGS } from './compile.mjs';

const PARTS = 2;
const EVERY = process.env.ORCH_TEST === 'demanding' ? 1 : 3;
/** A minute for all where nothing else runs; the work is fixed, whatever else the machine does. */
const DEADLINE_MS = 900_000;
type Report = { scenarios: number; points: number; failures: string[] };

it(
  `survives a crash at ${EVERY === 1 ? 'every' : 'every third'} effect of every known scenario`,
  async () => {
    try {
      const program = await compile('crash-points');
      const guest = put('guest.js', await bundleGuest());
      const tryPart = async (part: number): Promise<Report> => {
        const given = [...REPLAY_FLAGS, program, guest, String(part), String(PARTS), String(EVERY)];
        const { stdout } = await promisify(execFile)(process.execPath, given, { maxBuffer: 2 ** 28 });
        return JSON.parse(stdout) as Report;
      };
      const reports = await Promise.all(Array.from({ length: PARTS }, (_, part) => tryPart(part)));
      expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
      expect(reports[0]!.scenarios).toBeGreaterThan(40);
      expect(reports.reduce((sum, { points }) => sum + points, 0)).toBeGreaterThan(2_000 / EVERY);
    } finally {
      forget();
    }
  },
  DEADLINE_MS,
);
