// What a terminal emulator shows, as rows of runs: neighbours that look alike.
//
// Screen: { columns, rows: Run[][] }
// Run: { column, width, text, style }; column and width in cells
// Style: { fg, bg: null | number (palette) | '#rrggbb', bold, dim, italic, underline }; inverse is already applied

/** Two cells of blanks end a run, so that no font moves what is behind them. */
const GAP = 2;
const INVERSE_FG = 'background';
const INVERSE_BG = 'foreground';

/** @param emulator of @xterm/headless */
export function screenOf(emulator) {
  const { active } = emulator.buffer;
  const rows = Array.from({ length: emulator.rows }, (_, row) => runsOf(active.getLine(active.viewportY + row)));
  return { columns: emulator.cols, rows };
}

/** The rows as plain text, without blanks at their ends. */
export function textOf({ rows }) {
  return rows.map((runs) => {
    let text = '';
    let column = 0;
    for (const run of runs) {
      text += ' '.repeat(Math.max(0, run.column - column)) + run.text;
      column = run.column + run.width;
    }
    return text.trimEnd();
  });
}

function runsOf(line) {
  const runs = [];
  let open = null;
  let blanks = 0;
  for (let column = 0; line !== undefined && column < line.length; column++) {
    const cell = line.getCell(column);
    if (cell.getWidth() === 0) continue; // the second half of a wide character
    const text = cell.getChars() || ' ';
    const style = styleOf(cell);
    const isBlank = text === ' ' && style.bg === null && !style.underline;
    if (isBlank) {
      blanks++;
      continue;
    }
    const joins = open !== null && blanks < GAP && looksLike(open, text, style);
    if (joins && (blanks === 0 || style.bg === null)) {
      open.text += ' '.repeat(blanks) + text;
    } else {
      open = { column, width: 0, text, style };
      runs.push(open);
    }
    open.width = column + cell.getWidth() - open.column;
    blanks = 0;
  }
  return runs;
}

/** Fonts lack some characters, and others stand in for them with widths of their own: those stay apart. */
const isPlain = (text) => /^[\x20-\x7e]*$/.test(text);

function looksLike(run, text, style) {
  return isPlain(run.text) === isPlain(text) && JSON.stringify(run.style) === JSON.stringify(style);
}

function styleOf(cell) {
  const fg = cell.isFgDefault() ? null : colourOf(cell.getFgColor(), cell.isFgRGB());
  const bg = cell.isBgDefault() ? null : colourOf(cell.getBgColor(), cell.isBgRGB());
  const inverse = cell.isInverse() !== 0;
  return {
    fg: inverse ? (bg ?? INVERSE_FG) : fg,
    bg: inverse ? (fg ?? INVERSE_BG) : bg,
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    italic: cell.isItalic() !== 0,
    underline: cell.isUnderline() !== 0,
  };
}

const colourOf = (value, isRgb) => (isRgb ? `#${value.toString(16).padStart(6, '0')}` : value);
