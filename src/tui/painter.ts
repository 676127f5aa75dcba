// Turns a frame of finished rows into the fewest bytes that bring the terminal there: only rows that changed, each at its
// absolute place, so that nothing ever scrolls, whatever the terminal did on a resize.

const RESET = '\x1b[0m';
/** Before the row, not behind it: a cursor that has filled the last column stays on it, and would erase it. */
const ERASE_LINE = '\x1b[2K';
const ERASE_BELOW = '\x1b[J';
/** Synchronized output (private mode 2026): the terminal shows the frame whole; others ignore it. */
const BEGIN_SYNC = '\x1b[?2026h';
const END_SYNC = '\x1b[?2026l';

export class Painter {
  #shown: string[] | null = null;

  /** @returns what to write; empty when the screen says it already. */
  paint(rows: readonly string[]): string {
    const before = this.#shown;
    this.#shown = [...rows];
    let changes = '';
    for (const [index, row] of rows.entries()) {
      if (before?.[index] !== row) changes += `${moveTo(index)}${RESET}${ERASE_LINE}${row}${RESET}`;
    }
    if (before === null || before.length > rows.length) changes += `${moveTo(rows.length)}${ERASE_BELOW}`;
    return changes === '' ? '' : BEGIN_SYNC + changes + END_SYNC;
  }

  /** The terminal no longer shows what was painted: the next frame is painted whole. */
  invalidate(): void {
    this.#shown = null;
  }
}

function moveTo(index: number): string {
  return `\x1b[${index + 1};1H`;
}
