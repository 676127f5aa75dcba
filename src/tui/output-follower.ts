// Keeps the ring filled with the output of the selected row: reads the queue files, never asks the supervisor.
import type { FileHandle } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ProjectPaths } from '../api/paths.ts';
import { queuesOf } from '../logs/queue-services.ts';
import { type EntryJudge, forwardFilter } from '../logs/reader/entry-filter.ts';
import { followLogs, isSkipMark, type LogFollower } from '../logs/reader/follow-logs.ts';
import type { HistorySelection } from '../logs/reader/log-history.ts';
import type { LineFilter, LogLine } from '../logs/reader/log-line.ts';
import { lineFilter } from '../logs/reader/read-logs.ts';
import { UnfinishedFollower } from '../logs/reader/unfinished-lines.ts';
import type { LogRequest } from './model/effects.ts';
import { HISTORY_LINES, type LogRing } from './model/log-ring.ts';
import { outputFilter } from './model/output-filter.ts';
import type { OutputForm } from './model/output-form.ts';
import { outputTarget } from './model/rows.ts';
import type { UiState } from './model/state.ts';
import { OutputExport, type WrittenOutput } from './output-export.ts';
import { type OnRead, OutputHistory } from './output-history.ts';

/** In the output of all services a flood is skipped, not read: it scrolls too fast to be seen, and each line costs. */
const SKIP_WHEN_BEHIND_BYTES = 256 * 1024;
/** For one service or instance the lines of others are not parsed; only a faster flood than that is skipped. */
const SKIP_FOR_ONE_WHEN_BEHIND_BYTES = 16 * 1024 * 1024;
/** The selection may run through many rows before it stays on one. */
const SETTLE_MS = 60;
/** Lines before those that are shown first: the entries of these may have begun there. */
const CONTEXT_LINES = 200;
/** A skip may include the newest lines of all output: read the tail again, at most this often. */
const RESYNC_MS = 500;

type FollowTarget = {
  names: string[];
  queues: { name: string; path: string; format: 'text' }[];
  /** null: all lines */
  filter: LineFilter | null;
  /** null: all entries */
  entries: EntryJudge | null;
  /** Earlier lines are not shown; null: all are. */
  sinceMs: number | null;
};

export class OutputFollower {
  readonly #ring: LogRing;
  readonly #root: string;
  readonly #paths: ProjectPaths | null;
  readonly #onLines: () => void;
  #follower: LogFollower | null = null;
  #unfinished: UnfinishedFollower | null = null;
  #timer: NodeJS.Timeout | null = null;
  #resyncTimer: NodeJS.Timeout | null = null;
  /** What is followed now, or once the selection has settled. */
  #targetKey = '';
  /** Which lines the user wants to see. */
  #filterKey = '';
  readonly #history: OutputHistory;
  readonly #export: OutputExport;
  #target: FollowTarget | null = null;
  #isPaused = false;
  /** The last line of the ring is already a mark for skipped lines. */
  #endsWithSkipMark = false;

  /**
   * @param root of relative queue paths
   * @param onLines called when the ring has changed
   * @param paths of the project; null: the files of the queues are all there is
   * @param onRead what `read` was asked for is in the ring; `seq`: the line to show
   */
  constructor(
    ring: LogRing,
    root: string,
    onLines: () => void,
    paths: ProjectPaths | null = null,
    onRead: OnRead = () => undefined,
  ) {
    this.#ring = ring;
    this.#root = root;
    this.#paths = paths;
    this.#onLines = onLines;
    this.#history = new OutputHistory(ring, onRead, onLines);
    this.#export = new OutputExport(ring, onLines);
  }

  /** Reads on in the log, past what the ring has. @param request null: what is read or written ends */
  read(request: LogRequest | null): void {
    if (request === null) {
      this.#history.stop();
      this.#export.stop();
    } else void this.#history.request(request);
  }

  /** Writes all that the view shows of the log. @returns null: it was stopped */
  async write(file: FileHandle, form: OutputForm): Promise<WrittenOutput | null> {
    if (this.#target === null) throw new Error('the output is not known yet');
    const { filter, entries } = this.#target;
    return this.#export.write(file, { selection: this.#selectionOf(this.#target), shown: { filter, entries } }, form);
  }

  /** Cheap when nothing changed; called after each change of the state. */
  update(state: UiState): void {
    // A supervisor that has just started does not know them yet.
    if (state.status === null || state.status.logQueues.length === 0) return;
    this.#isPaused = state.logBottom !== null;
    if (state.marks !== this.#ring.marks) this.#ring.setMarks(state.marks);
    const { names } = outputTarget(state);
    const queues = state.status.logQueues.map(({ name, path }) => {
      return { name, path: resolve(this.#root, path), format: 'text' as const };
    });
    const key = JSON.stringify([names, queues.map(({ path }) => path)]);
    const { key: filterKey, passes, entries, sinceMs } = outputFilter(state);
    const isOther = key !== this.#targetKey;
    if (!isOther && filterKey === this.#filterKey) return;
    this.#filterKey = filterKey;
    const target = { names, queues, filter: passes, entries, sinceMs };
    this.#target = target;
    if (!isOther) {
      // The lines on screen stay until the first others are read.
      this.close();
      this.#ring.isReading = true;
      this.#follow(target);
      return;
    }
    const delayMs = this.#targetKey === '' ? 0 : SETTLE_MS;
    this.#targetKey = key;
    this.close();
    // At once, so that no lines are shown under the title of another service.
    this.#ring.clear();
    this.#ring.isReading = true;
    this.#onLines();
    this.#timer = setTimeout(() => this.#follow(target), delayMs);
  }

  close(): void {
    for (const timer of [this.#timer, this.#resyncTimer]) if (timer !== null) clearTimeout(timer);
    this.#resyncTimer = null;
    this.#follower?.close();
    this.#follower = null;
    this.#history.select(null);
    this.#closeUnfinished();
  }

  /** The view ends. */
  end(): void {
    this.close();
    this.#export.stop();
  }

  /** Whose lines, from which files. */
  #selectionOf({ names, queues, sinceMs }: FollowTarget): HistorySelection {
    const isAll = names.length === 0;
    const past = isAll || this.#paths === null ? queues : queuesOf(queues, names, this.#paths);
    return { queues: past, instances: isAll ? null : new Set(names), sinceMs };
  }

  /** The lines of the ring stay until the first new ones arrive. */
  #follow(target: FollowTarget): void {
    let isFirst = true;
    let count = 0;
    const [only = null] = target.names;
    const selection = this.#selectionOf(target);
    const { filter, entries } = target;
    const isFiltered = filter !== null || entries !== null;
    const isShown = isFiltered ? forwardFilter(filter ?? (() => true), entries) : null;
    const begin = (lines: readonly LogLine[]) => {
      if (!isFirst) return lines;
      this.#ring.clear();
      this.#ring.filter = isShown;
      isFirst = false;
      const context = Math.max(0, lines.length - HISTORY_LINES);
      for (const line of lines.slice(0, context)) isShown?.(line);
      return lines.slice(context);
    };
    const follower = followLogs({
      queues: target.queues,
      past: selection.queues,
      instances: selection.instances,
      tail: HISTORY_LINES + (entries === null ? 0 : CONTEXT_LINES),
      sinceMs: target.sinceMs,
      skipWhenBehindBytes: only === null ? SKIP_WHEN_BEHIND_BYTES : SKIP_FOR_ONE_WHEN_BEHIND_BYTES,
      onCaughtUp: () => {
        if (this.#follower !== follower) return;
        begin([]);
        this.#ring.isReading = false;
        this.#ring.setStart(count < HISTORY_LINES);
        this.#ring.setMarks(this.#ring.marks);
        this.#followUnfinished(target);
        this.#history.select(selection, { filter, entries });
        if (isFiltered && this.#ring.mayHaveOlder) this.read({ kind: 'older' });
        this.#onLines();
      },
      onLines: (lines) => {
        if (this.#follower !== follower) return;
        const shown = begin(lines);
        count += shown.length;
        this.#append(shown, target);
      },
    });
    this.#follower = follower;
  }

  /** Lines that have no newline yet. */
  #followUnfinished({ names, queues }: FollowTarget): void {
    this.#closeUnfinished();
    if (this.#paths === null) return;
    const instances = names.length === 0 ? null : new Set(names);
    const passes = lineFilter({ instances, sinceMs: null, untilMs: null, grep: null });
    const selection = { socket: this.#paths.logSocket, queues: new Set(queues.map(({ name }) => name)), passes };
    const unfinished = new UnfinishedFollower(selection, () => {
      if (this.#unfinished !== unfinished) return;
      this.#ring.setUnfinished(unfinished.current);
      this.#onLines();
    });
    this.#unfinished = unfinished;
  }

  #closeUnfinished(): void {
    this.#unfinished?.close();
    this.#unfinished = null;
  }

  #append(lines: readonly LogLine[], target: FollowTarget): void {
    this.#unfinished?.finishedBy(lines);
    this.#ring.setUnfinished(this.#unfinished?.current ?? []);
    this.#ring.push(lines.filter((line) => this.#isShown(line)));
    this.#onLines();
    if (target.names.length === 0 && lines.some(isSkipMark)) this.#resyncSoon(target);
  }

  /** One mark is enough for a continuing flood: more would push out the lines that are read in between. */
  #isShown(line: LogLine): boolean {
    const isMark = isSkipMark(line);
    const isRepeated = isMark && this.#endsWithSkipMark;
    this.#endsWithSkipMark = isMark;
    return !isRepeated;
  }

  /** Not while the user reads: the output is paused. */
  #resyncSoon(target: FollowTarget): void {
    this.#resyncTimer ??= setTimeout(() => {
      this.#resyncTimer = null;
      if (this.#isPaused) {
        this.#resyncSoon(target);
        return;
      }
      this.#follower?.close();
      this.#closeUnfinished();
      this.#follow(target);
    }, RESYNC_MS);
  }
}
