// The lines that the user reads while the output is paused. They stay; older and newer ones of the log join them at both
// ends, and those at the other end go once there are too many. A mark stands for lines between these and the newest.
import type { LogPlace } from '../../logs/reader/log-history.ts';
import type { LogLine } from '../../logs/reader/log-line.ts';
import { type BufferedLine, bufferedLine, isFound, isStored } from './buffered-line.ts';
import type { SearchPattern } from './search-pattern.ts';

export const MAX_PAUSED_LINES = 20_000;
const MAX_PAUSED_CHARS = 16 * 1024 * 1024;
/** More lines than are ever read on from one place. */
const FAR = 1e12;

export class PausedLines {
  #lines: BufferedLine[] = [];
  #mark: BufferedLine | null = null;
  /** How many lines the mark stands for; null: not known. */
  #missedCount: number | null = 0;

  /** The mark included. */
  get size(): number {
    return this.#lines.length + (this.#mark === null ? 0 : 1);
  }

  /** Lines between these and the newest are only in the log. */
  get hasGap(): boolean {
    return this.#mark !== null;
  }

  /** How many lines the mark stands for, if it is known. */
  get missedCount(): number | null {
    return this.#missedCount;
  }

  get lines(): readonly BufferedLine[] {
    return this.#lines;
  }

  /** After the last of them; `same` counts what the pattern finds. */
  endPlace(pattern: SearchPattern): LogPlace {
    const timeMs = this.#lines.at(-1)?.timeMs ?? 0;
    let same = 0;
    for (let index = this.#lines.length - 1; this.#lines[index]?.timeMs === timeMs; index--) {
      if (isStored(this.#lines[index]!) && isFound(this.#lines[index]!, pattern)) same++;
    }
    return { timeMs, same };
  }

  at(index: number): BufferedLine | undefined {
    return index < this.#lines.length ? this.#lines[index] : (this.#mark ?? undefined);
  }

  clear(): void {
    this.#lines = [];
    this.closeGap();
  }

  keep(lines: BufferedLine[]): void {
    this.clear();
    this.#lines = lines;
  }

  /** @param count null: not known. `next`: the mark stands before this line. */
  miss(count: number | null, next: BufferedLine): void {
    this.#missedCount = count === null || this.#missedCount === null ? null : this.#missedCount + count;
    const line =
      this.#missedCount === null
        ? '… lines in between are only in the log'
        : `… ${this.#missedCount.toLocaleString('en-US')} lines not kept while paused`;
    const { timeMs } = next;
    this.#mark = { timeMs, service: '', instance: '', stream: 'o', line, gap: 0, seq: next.seq - 1 };
  }

  closeGap(): void {
    this.#mark = null;
    this.#missedCount = 0;
  }

  /** @param beforeSeq of a line that follows all of these. The lines are far from it. */
  replace(lines: readonly LogLine[], beforeSeq: number): void {
    this.clear();
    const first = beforeSeq - FAR;
    this.#lines = lines.map((line, index) => bufferedLine(line, first + index));
  }

  /** @returns the newest lines, which had to go for them */
  addOlder(lines: readonly LogLine[], beforeSeq: number): BufferedLine[] {
    const first = (this.#lines[0]?.seq ?? beforeSeq) - lines.length;
    this.#lines = [...lines.map((line, index) => bufferedLine(line, first + index)), ...this.#lines];
    return this.#lines.splice(fittingCount(this.#lines));
  }

  /** @returns whether the oldest lines had to go for them */
  addNewer(lines: readonly LogLine[]): boolean {
    const next = (this.#lines.at(-1)?.seq ?? -1) + 1;
    this.#lines = [...this.#lines, ...lines.map((line, index) => bufferedLine(line, next + index))];
    const count = fittingCount(this.#lines.toReversed());
    if (count === this.#lines.length) return false;
    this.#lines = this.#lines.slice(-count);
    return true;
  }
}

/** How many of them, from the first, are within the bounds. */
function fittingCount(lines: readonly BufferedLine[]): number {
  let chars = 0;
  const over = lines.findIndex((each, index) => {
    chars += each.line.length;
    return index >= MAX_PAUSED_LINES || chars > MAX_PAUSED_CHARS;
  });
  return over < 0 ? lines.length : over;
}
