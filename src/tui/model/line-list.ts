// Finds lines in a list that is ordered by `seq`: pages, steps, and the place of a line. The list itself is the subclass's.
import { type BufferedLine, passesFilter } from './buffered-line.ts';
import type { SearchPattern } from './search-pattern.ts';

export abstract class LineList {
  abstract get size(): number;
  protected abstract at(index: number): BufferedLine | undefined;

  window(bottomSeq: number | null, count: number, pattern: SearchPattern): BufferedLine[] {
    if (bottomSeq !== null && this.indexOf(bottomSeq) === -1) return this.after(null, count, pattern);
    const found: BufferedLine[] = [];
    for (let index = this.indexOf(bottomSeq); index >= 0 && found.length < count; index--) {
      const line = this.at(index)!;
      if (passesFilter(line, pattern)) found.push(line);
    }
    return found.reverse();
  }

  step(bottomSeq: number | null, delta: number, pattern: SearchPattern): number | null {
    const bottom = Math.max(0, this.indexOf(bottomSeq));
    // From the line that is seen at the bottom: one that matches.
    let index = this.#nextMatch(bottom + 1, -1, pattern) ?? bottom;
    for (let left = Math.abs(delta); left > 0; left--) {
      const next = this.#nextMatch(index, Math.sign(delta), pattern);
      if (next === null) return delta > 0 ? null : (this.at(index)?.seq ?? null);
      index = next;
    }
    const isNewest = this.#nextMatch(index, 1, pattern) === null;
    return isNewest && delta > 0 ? null : (this.at(index)?.seq ?? null);
  }

  after(seq: number | null, count: number, pattern: SearchPattern): BufferedLine[] {
    const found: BufferedLine[] = [];
    for (let index = seq === null ? 0 : this.indexOf(seq) + 1; index < this.size && found.length < count; index++) {
      const line = this.at(index)!;
      if (passesFilter(line, pattern)) found.push(line);
    }
    return found;
  }

  #nextMatch(from: number, direction: number, pattern: SearchPattern): number | null {
    for (let index = from + direction; index >= 0 && index < this.size; index += direction) {
      if (passesFilter(this.at(index)!, pattern)) return index;
    }
    return null;
  }

  /** Index of that line, or of the next older one; -1: all are newer. null: the newest. */
  protected indexOf(seq: number | null): number {
    if (seq === null) return this.size - 1;
    let [from, to] = [0, this.size];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.at(middle)!.seq <= seq) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }
}
