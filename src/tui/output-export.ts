// Writes what the view shows of the log into a file: all of it within the filters, not only what was read so far. Holds one
// batch of lines at a time.
import type { FileHandle } from 'node:fs/promises';
import { HistoryRead, type HistorySelection } from '../logs/reader/log-history.ts';
import type { LogLine } from '../logs/reader/log-line.ts';
import type { LogRing } from './model/log-ring.ts';
import type { OutputForm } from './model/output-form.ts';
import { OutputMarks } from './model/output-marks.ts';
import type { ShownLines } from './output-history.ts';
import { ProgressReport } from './progress-report.ts';

/** `atLine`: the lowest line on screen, from 1. */
export type WrittenOutput = { lines: number; atLine: number };

export class OutputExport {
  readonly #report: ProgressReport;
  #read: HistoryRead | null = null;

  /** @param onChange the ring reports how far it is */
  constructor(ring: LogRing, onChange: () => void) {
    this.#report = new ProgressReport((progress) => {
      ring.progress.saved = progress;
      onChange();
    });
  }

  /** @returns null: it was stopped. Rejects while another one is written. */
  async write(
    file: FileHandle,
    { selection, shown }: { selection: HistorySelection; shown: ShownLines },
    form: OutputForm,
  ): Promise<WrittenOutput | null> {
    if (this.#read !== null) throw new Error('the output is being written already; Esc stops it');
    const onFile = (progress: { file: number; files: number }) => this.#report.go(progress);
    const read = new HistoryRead(selection, shown.filter ?? (() => true), shown.entries, onFile);
    this.#read = read;
    this.#report.begin();
    try {
      return await writeAll(file, read, form);
    } finally {
      read.close();
      this.#read = null;
      this.#report.end();
    }
  }

  stop(): void {
    this.#read?.stop();
  }
}

async function writeAll(file: FileHandle, read: HistoryRead, form: OutputForm): Promise<WrittenOutput | null> {
  const marks = new OutputMarks();
  marks.set(form.marks);
  const { bottom } = form;
  let lines = 0;
  let atLine = 0;
  let same = 0;
  const write = (added: readonly LogLine[]) => file.writeFile(added.map(form.textOf).join(''));
  for await (const batch of read.all(form.untilMs)) {
    if (read.isStopped) return null;
    const added: LogLine[] = [];
    for (const line of batch) {
      added.push(...marks.takeUntil(line.timeMs), line);
      if (bottom !== null && line.timeMs === bottom.timeMs) same++;
      const isAbove = bottom === null || line.timeMs < bottom.timeMs;
      if (isAbove || (line.timeMs === bottom.timeMs && same <= bottom.same)) atLine = lines + added.length;
    }
    lines += added.length;
    await write(added);
  }
  if (read.isStopped) return null;
  const left = marks.takeUntil(form.untilMs);
  await write(left);
  return { lines: lines + left.length, atLine: Math.max(1, bottom === null ? lines + left.length : atLine) };
}
