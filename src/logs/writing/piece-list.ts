// Whose bytes are in a batch, in their order: what the index of a raw queue is made of.
import type { Origin } from '../framing.ts';
import type { Piece } from './output-file.ts';

export class PieceList {
  private pieces: Piece[] = [];

  /** What follows from the same origin at the same time is one piece with it. */
  add(origin: Origin, timeMs: number, length: number, lines: number): void {
    const last = this.pieces.at(-1);
    if (last?.origin === origin && last.timeMs === timeMs) {
      last.length += length;
      last.lines += lines;
    } else this.pieces.push({ origin, timeMs, length, lines, isGap: false });
  }

  /** All of them; none are left. */
  take(): Piece[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }
}
