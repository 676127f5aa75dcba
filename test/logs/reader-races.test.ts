// Readers while a writer rotates: its steps are placed between any two file accesses of a reader.
import { appendFileSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { encodeOrigin } from '../../src/logs/raw-index.ts';
import { followLogs } from '../../src/logs/reader/follow-logs.ts';
import { readLogs } from '../../src/logs/reader/read-logs.ts';
import { indexRecord } from './index-record.ts';
import { until } from './rig.ts';

/** Called before each look at a path. */
const looks = vi.hoisted(() => ({ before: (_path: string): void => undefined }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const watched = ['openSync', 'statSync', 'existsSync', 'readdirSync'] as const;
  const hook = (name: (typeof watched)[number]) => [
    name,
    (path: string, ...rest: unknown[]) => {
      looks.before(String(path));
      return (fs[name] as (...args: unknown[]) => unknown)(path, ...rest);
    },
  ];
  return { ...fs, ...Object.fromEntries(watched.map(hook)) };
});

/** More looks than a reader takes until it has all open. */
const LOOKS = 40;
const T0 = Date.parse('2026-03-01T12:00:00.000Z');
const iso = (ms: number) => new Date(T0 + ms).toISOString();
const stamp = (ms: number) => iso(ms).replace(/[-:.]/g, '');
const text = (ms: number) => `${iso(ms)} a.1 o line ${ms}\n`;
/** Its index has the same length for every line of one digit. */
const record = (ms: number, offset: number) =>
  indexRecord({ kind: 1, stream: 'o', split: false, origin: 0, timeMs: T0 + ms, offset, length: 7, lines: 1 });

type Format = 'text' | 'raw';
type Step = () => void;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orch-races-'));
});
afterEach(() => {
  looks.before = () => undefined;
  rmSync(root, { recursive: true, force: true });
});

/** A queue with one rotated file (line 1) and a live one (line 2), and the steps of its writer until line 3 is in a new one. */
class RacedQueue {
  readonly path: string;
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
    this.path = join(mkdtempSync(join(root, 'queue-')), 'main.log');
    this.#write(1);
    this.#rotation(1).forEach((step) => void step());
    this.#write(2);
  }

  steps(compresses: boolean): Step[] {
    return [
      ...this.#rotation(2),
      ...(compresses ? this.#compression(2) : []),
      ...this.#beginning(),
      () => this.#write(3),
    ];
  }

  #write(ms: number): void {
    appendFileSync(this.path, this.#format === 'raw' ? `line ${ms}\n` : text(ms));
    if (this.#format === 'raw') appendFileSync(`${this.path}.idx`, Buffer.concat([encodeOrigin('a.1'), record(ms, 0)]));
  }

  #rotation(ms: number): Step[] {
    const target = `${this.path}.${stamp(ms)}`;
    const index = () => renameSync(`${this.path}.idx`, `${target}.idx`);
    return [...(this.#format === 'raw' ? [index] : []), () => renameSync(this.path, target)];
  }

  #compression(ms: number): Step[] {
    const target = `${this.path}.${stamp(ms)}`;
    const bytes = this.#format === 'raw' ? `line ${ms}\n` : text(ms);
    return [() => writeFileSync(`${target}.gz`, gzipSync(bytes)), () => unlinkSync(target)];
  }

  #beginning(): Step[] {
    const index = () => writeFileSync(`${this.path}.idx`, '');
    return [() => writeFileSync(this.path, ''), ...(this.#format === 'raw' ? [index] : [])];
  }
}

/** Does a step before each look, from look `first` on; `every` = Infinity: all of them before that one. */
function interleave(path: string, steps: Step[], first: number, every: number): { finish(): void } {
  let look = 0;
  const left = [...steps];
  const earlier = looks.before;
  const takeDue = () => {
    if (look < first) return;
    if (every === Number.POSITIVE_INFINITY) left.splice(0).forEach((step) => void step());
    else if ((look - first) % every === 0) left.shift()?.();
  };
  let isInside = false; // a step's own looks are none of the reader's
  looks.before = (looked) => {
    earlier(looked);
    if (isInside || !(looked === join(path, '..') || looked.startsWith(path))) return;
    isInside = true;
    takeDue();
    isInside = false;
    look += 1;
  };
  return { finish: () => left.splice(0).forEach((step) => void step()) };
}

const cases = (['text', 'raw'] as const).flatMap((format) =>
  [false, true].flatMap((compresses) =>
    [1, 2, Number.POSITIVE_INFINITY].map((every) => ({ format, compresses, every })),
  ),
);

test.each(cases)(
  'what was there is read once: $format, compressed $compresses, a step every $every looks',
  async (one) => {
    for (let first = 0; first < LOOKS; first += 1) {
      const queue = new RacedQueue(one.format);
      const writer = interleave(queue.path, queue.steps(one.compresses), first, one.every);
      const lines: string[] = [];
      const queues = [{ name: 'main', path: queue.path, format: one.format }];
      const all = { queues, instances: new Set(['a']), tail: null, sinceMs: null, untilMs: null, grep: null };
      for await (const batch of readLogs(all)) lines.push(...batch.map(({ line }) => line));
      writer.finish();
      // What came after the reader began may be there as well.
      expect(lines.slice(0, 2), `from look ${first}`).toEqual(['line 1', 'line 2']);
      expect(['', 'line 3'], `from look ${first}`).toContain(lines.slice(2).join());
    }
  },
);

test.each(cases)(
  'a follower gets all once: $format, compressed $compresses, a step every $every looks',
  async (one) => {
    const runs = Array.from({ length: LOOKS }, async (_, first) => {
      const queue = new RacedQueue(one.format);
      const writer = interleave(queue.path, queue.steps(one.compresses), first, one.every);
      const lines: string[] = [];
      const follower = followLogs({
        queues: [{ name: 'main', path: queue.path, format: one.format }],
        instances: new Set(['a']),
        tail: 10,
        onLines: (batch) => void lines.push(...batch.map(({ line }) => line)),
      });
      await until(() => lines.length >= 2, `the first lines, from access ${first}: ${lines}`);
      writer.finish();
      await until(() => lines.length >= 3, `all, from look ${first}: ${lines}`);
      follower.close();
      expect(lines, `from look ${first}`).toEqual(['line 1', 'line 2', 'line 3']);
    });
    await Promise.all(runs);
  },
);
