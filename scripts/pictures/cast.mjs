// Frames as a recording of asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/): a header, then
// [seconds, "o", text] for each frame, which writes only the rows that changed.

const ESC = '\x1b[';

/** @param frames as for `drawSvg` */
export function drawCast(frames, title) {
  const { columns, rows } = frames[0].screen;
  const header = { version: 2, width: columns, height: rows.length, title, env: { TERM: 'xterm-256color' } };
  const events = [];
  let shown = [];
  let now = 0;
  for (const { screen, seconds } of frames) {
    const lines = screen.rows.map(lineOf);
    const changed = lines.flatMap((line, row) =>
      line === shown[row] ? [] : [`${ESC}${row + 1}H${ESC}0m${ESC}2K${line}`],
    );
    const start = shown.length === 0 ? `${ESC}?25l${ESC}2J` : '';
    events.push([round(now), 'o', start + changed.join('')]);
    shown = lines;
    now += seconds;
  }
  events.push([round(now), 'o', `${ESC}0m${ESC}?25h`]);
  return `${[header, ...events].map((each) => JSON.stringify(each)).join('\n')}\n`;
}

function lineOf(runs) {
  return runs.map(({ column, text, style }) => `${ESC}${column + 1}G${ESC}${codesOf(style)}m${text}`).join('');
}

function codesOf({ fg, bg, bold, dim, italic, underline }) {
  const inverse = fg === 'background' || bg === 'foreground';
  const flags = [bold && 1, dim && 2, italic && 3, underline && 4, inverse && 7].filter(Boolean);
  // With inverse colours, the terminal exchanges them back.
  const [front, back] = inverse ? [bg, fg] : [fg, bg];
  return [0, ...flags, ...colour(38, front), ...colour(48, back)].join(';');
}

function colour(kind, value) {
  if (typeof value === 'number') return [kind, 5, value];
  if (value?.startsWith('#')) return [kind, 2, ...value.match(/\w\w/g).map((part) => Number.parseInt(part, 16))];
  return [];
}

const round = (seconds) => Math.round(seconds * 1000) / 1000;
