// Reads parts of the log into the ring that are not in it: older and newer lines than those on screen, the lines at a time, and
// what a search finds. One read at a time; a new request ends the one before.
import type { EntryJudge } from '../logs/reader/entry-filter.ts';
import { type HistoryLines, HistoryRead, type HistorySelection, type LogPlace } from '../logs/reader/log-history.ts';
import type { LineFilter, LogLine } from '../logs/reader/log-line.ts';
import { isFoundRaw } from './model/buffered-line.ts';
import type { LogRequest } from './model/effects.ts';
import type { LogRing } from './model/log-ring.ts';
import type { FileProgress } from './model/read-progress.ts';
import { searchPattern } from './model/search-pattern.ts';
import { ProgressReport } from './progress-report.ts';

/** What one request for older or newer lines gets. */
const MORE_LINES = 2000;
/** Lines before and after a place in the log that is shown. */
const BEFORE_LINES = 1000;
const AFTER_LINES = 2000;

type FindRequest = Extract<LogRequest, { kind: 'find' }>;
/** A read is over: what it was for, and the line to show. */
export type OnRead = (request: LogRequest, seq: number | null) => void;

/** null: all lines, all entries */
export type ShownLines = { filter: LineFilter | null; entries: EntryJudge | null };

export class OutputHistory {
  readonly #ring: LogRing;
  readonly #onRead: OnRead;
  readonly #onChange: () => void;
  readonly #report: ProgressReport;
  #selection: HistorySelection | null = null;
  #shown: ShownLines = { filter: null, entries: null };
  #request: LogRequest | null = null;
  #read: HistoryRead | null = null;

  /** @param onChange the ring has other lines, reports a long read, or its end */
  constructor(ring: LogRing, onRead: OnRead, onChange: () => void) {
    this.#ring = ring;
    this.#onRead = onRead;
    this.#onChange = onChange;
    this.#report = new ProgressReport((progress) => {
      ring.progress.shown = progress;
      onChange();
    });
  }

  /** Whose lines are read from now on. A read of others ends. */
  select(selection: HistorySelection | null, shown: ShownLines = { filter: null, entries: null }): void {
    this.stop();
    this.#selection = selection;
    this.#shown = shown;
  }

  stop(): void {
    this.#request = null;
    this.#read?.stop();
    this.#report.end();
  }

  async request(request: LogRequest): Promise<void> {
    const isAhead = request.kind === 'older' || request.kind === 'newer';
    if (this.#selection === null || (isAhead && this.#request !== null)) return;
    this.stop();
    this.#request = request;
    this.#report.begin();
    const seq = await this.#perform(request);
    if (this.#request !== request) return;
    this.#request = null;
    this.#report.end();
    this.#onChange();
    this.#onRead(request, seq);
  }

  #perform(request: LogRequest): Promise<number | null> {
    switch (request.kind) {
      case 'older':
        return this.#addOlder(request);
      case 'newer':
        return this.#addNewer(request);
      case 'time':
        return this.#show(request, request.timeMs, (_lines, from) => from);
      case 'find':
        return this.#find(request);
    }
  }

  async #addOlder(request: LogRequest): Promise<null> {
    const place = this.#ring.oldestPlace();
    const older = place && (await this.#with(request, this.#shown.filter, (read) => read.before(place, MORE_LINES)));
    const now = this.#ring.oldestPlace();
    if (older && isSamePlace(now, place)) this.#ring.addOlder(older.lines, older.isAll);
    return null;
  }

  async #addNewer(request: LogRequest): Promise<null> {
    const place = this.#ring.gapPlace();
    const newer = place && (await this.#with(request, this.#shown.filter, (read) => read.from(place, MORE_LINES)));
    const now = this.#ring.gapPlace();
    if (newer && isSamePlace(now, place)) this.#ring.addNewer(newer.lines, newer.isAll);
    return null;
  }

  /** The lines around a time replace those on screen. @param pick the line to show; `from`: the first at or after the time */
  async #show(
    request: LogRequest,
    timeMs: number,
    pick: (lines: readonly LogLine[], from: number) => number,
  ): Promise<number | null> {
    const { filter } = this.#shown;
    const before = await this.#with(request, filter, (read) =>
      read.before({ timeMs: timeMs - 1, same: 0 }, BEFORE_LINES),
    );
    const after = await this.#with(request, filter, (read) => read.from({ timeMs, same: 0 }, AFTER_LINES));
    if (before === null || after === null) return null;
    const lines = [...before.lines, ...after.lines];
    if (lines.length === 0) return null;
    const seqOf = this.#ring.replacePaused(lines, { isStart: before.isAll, isEnd: after.isAll });
    return seqOf(pick(lines, before.lines.length));
  }

  async #find(request: FindRequest): Promise<number | null> {
    const { filter } = this.#shown;
    const { direction, place } = request;
    const pattern = searchPattern(request.text);
    const isHit: LineFilter = (line) => (filter === null || filter(line)) && isFoundRaw(line, pattern);
    const found = await this.#with(request, isHit, (read) =>
      direction === 'older' ? read.before(place, 1) : read.from(place, 1),
    );
    const hit = found?.lines[0];
    if (hit === undefined) return null;
    return this.#show(request, hit.timeMs, (lines) => {
      const hits = [...lines.keys()].filter(
        (at) => lines[at]!.timeMs === hit.timeMs && isFoundRaw(lines[at]!, pattern),
      );
      const known = hit.timeMs === place.timeMs ? place.same : 0;
      return hits.at(direction === 'older' ? -1 - known : known) ?? hits[0] ?? 0;
    });
  }

  /** @returns null: another request came */
  async #with(
    request: LogRequest,
    filter: LineFilter | null,
    run: (read: HistoryRead) => Promise<HistoryLines>,
  ): Promise<HistoryLines | null> {
    if (this.#selection === null || this.#request !== request) return null;
    const onFile = (progress: FileProgress) => this.#request === request && this.#report.go(progress);
    const read = new HistoryRead(this.#selection, filter ?? (() => true), this.#shown.entries, onFile);
    this.#read = read;
    try {
      const lines = await run(read);
      return this.#request === request ? lines : null;
    } finally {
      read.close();
      if (this.#read === read) this.#read = null;
    }
  }
}

function isSamePlace(one: LogPlace | null, other: LogPlace): boolean {
  return one?.timeMs === other.timeMs && one.same === other.same;
}
