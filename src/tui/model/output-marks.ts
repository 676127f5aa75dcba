// Marks that the user sets under the newest output. They stand between the lines of their time, also after the log was read
// again.
import type { LogLine } from '../../logs/reader/log-line.ts';

export class OutputMarks {
  /** Oldest first. */
  #times: readonly number[] = [];
  /** How many of them stand between lines already. */
  #placed = 0;

  get times(): readonly number[] {
    return this.#times;
  }

  /** Those that are new are still to be placed. */
  set(times: readonly number[]): void {
    this.#times = times;
  }

  /** The lines of a log will come again. */
  restart(): void {
    this.#placed = 0;
  }

  /** Those that stand before a line of that time, each once. @param timeMs infinite: all that are left */
  takeUntil(timeMs: number): LogLine[] {
    const taken: LogLine[] = [];
    for (; this.#placed < this.#times.length && this.#times[this.#placed]! < timeMs; this.#placed++) {
      taken.push(markLine(this.#times[this.#placed]!));
    }
    return taken;
  }
}

/** As the reader's own marks, it is of no instance. */
function markLine(timeMs: number): LogLine {
  return { timeMs, service: '', instance: '', stream: 'o', line: MARK_TEXT, gap: 0 };
}

const MARK_TEXT = '── mark ──';

export const isUserMark = ({ instance, gap, line }: LogLine): boolean =>
  instance === '' && gap !== undefined && line === MARK_TEXT;
