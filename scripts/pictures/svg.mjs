// Screens as SVG: text stays text. One screen is a picture; several are a film strip that CSS moves, frame by frame.
import { coloursCss } from './palette.mjs';

const CELL = { width: 8.4, height: 17 };
const FONT_SIZE = 14;
const BASELINE = 13;
const MARGIN = 12;
/** Between two frames of a film, so that no edge of the next one is seen. */
const FRAME_GAP = 50;
/** In cells: no font moves less than that by a visible distance. */
const SHORT = 4;
const FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";

/**
 * @param frames at least one; all of one size. Frame: { screen, seconds, step }; `step` names the frames that
 * `npm run pictures -- --check` compares, null for those between them
 * @param title for people who cannot see the picture
 */
export function drawSvg(frames, title) {
  const { columns } = frames[0].screen;
  const height = Math.max(...frames.map(({ screen }) => 1 + screen.rows.findLastIndex((runs) => runs.length > 0)));
  const [inner, outer] = [sizeOf(columns, height, 0), sizeOf(columns, height, MARGIN)];
  const pitch = inner.width + FRAME_GAP;
  const ids = new Map();
  const used = new Set();
  const strip = frames.map(({ screen, step }, index) => drawFrame(screen, step, index * pitch, ids, used));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${outer.width} ${outer.height}" width="${outer.width}" height="${outer.height}" role="img">`,
    `<title>${quoted(title)}</title>`,
    `<style>text{font:${FONT_SIZE}px ${FONTS}}.o{font-weight:700}.d{fill-opacity:.6}.i{font-style:italic}.u{text-decoration:underline}`,
    coloursCss(used),
    `${frames.length > 1 ? filmCss(frames, pitch) : ''}</style>`,
    `<defs>${[...ids].map(([row, id]) => `<g id="${id}">${row}</g>`).join('\n')}</defs>`,
    `<rect class="page" x=".5" y=".5" width="${outer.width - 1}" height="${outer.height - 1}" rx="8"/>`,
    `<svg x="${MARGIN}" y="${MARGIN}" width="${inner.width}" height="${inner.height}"><g class="film">`,
    ...strip,
    '</g></svg></svg>\n',
  ].join('\n');
}

const sizeOf = (columns, rows, margin) => ({
  width: round(columns * CELL.width) + 2 * margin,
  height: rows * CELL.height + 2 * margin,
});

function drawFrame(screen, step, x, ids, used) {
  const uses = screen.rows.flatMap((runs, row) => {
    if (runs.length === 0) return [];
    const drawn = drawRow(runs, used);
    if (!ids.has(drawn)) ids.set(drawn, `r${ids.size}`);
    return [`<use href="#${ids.get(drawn)}" y="${row * CELL.height}"/>`];
  });
  const name = step === null ? '' : ` data-step="${quoted(step)}"`;
  return `<g transform="translate(${round(x)})"${name}>${uses.join('')}</g>`;
}

function drawRow(runs, used) {
  const backgrounds = barsOf(runs).map(
    ({ column, width, bg }) =>
      `<rect x="${xOf(column)}" width="${xOf(width)}" height="${CELL.height}"${fillOf('b', bg, used)}/>`,
  );
  const texts = runs.flatMap((run) => drawRun(run, used));
  return `${backgrounds.join('')}<text y="${BASELINE}">${texts.join('')}</text>`;
}

/** One bar for neighbours of one colour: between two, there would be a seam. */
function barsOf(runs) {
  const bars = [];
  for (const { column, width, style } of runs) {
    const last = bars.at(-1);
    if (style.bg === null) continue;
    if (last?.bg === style.bg && last.column + last.width === column) last.width += width;
    else bars.push({ column, width, bg: style.bg });
  }
  return bars;
}

/**
 * Blanks are collapsed in SVG: each piece between gaps has a place of its own. `textLength` keeps the columns whatever
 * font is there; lines and bars are stretched, so that they have no gaps.
 */
function drawRun({ column, text, style, width }, used) {
  const isPlain = /^[\x20-\x7e]*$/.test(text);
  return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: letters, index }) => {
    const cells = isPlain ? letters.length : width;
    const length =
      cells < SHORT ? '' : ` textLength="${xOf(cells)}"${isPlain ? '' : ' lengthAdjust="spacingAndGlyphs"'}`;
    return `<tspan x="${xOf(column + index)}"${length}${classOf(style, used)}>${quoted(letters)}</tspan>`;
  });
}

function classOf({ fg, bold, dim, italic, underline }, used) {
  const names = [bold && 'o', dim && 'd', italic && 'i', underline && 'u'].filter(Boolean);
  if (typeof fg === 'string' && fg.startsWith('#')) return `${attribute(names)} style="fill:${fg}"`;
  if (fg !== null) {
    used.add(fg);
    names.unshift(`f${fg}`);
  }
  return attribute(names);
}

const attribute = (names) => (names.length === 0 ? '' : ` class="${names.join(' ')}"`);

function fillOf(kind, colour, used) {
  if (typeof colour === 'string' && colour.startsWith('#')) return ` fill="${colour}"`;
  used.add(colour);
  return ` class="${kind}${colour}"`;
}

/** Each frame stands still for its seconds. Without motion, the first step is shown. */
function filmCss(frames, pitch) {
  const total = frames.reduce((sum, { seconds }) => sum + seconds, 0);
  const moveTo = (index) => `transform:translateX(${round(-index * pitch)}px)`;
  let past = 0;
  const keys = frames.map(({ seconds }, index) => {
    const key = `${round((past / total) * 100)}%{${moveTo(index)}}`;
    past += seconds;
    return key;
  });
  const poster = frames.findIndex(({ step }) => step !== null);
  return [
    `.film{animation:film ${round(total)}s step-end infinite}`,
    `@keyframes film{${keys.join('')}}`,
    `@media (prefers-reduced-motion:reduce){.film{animation:none;${moveTo(poster)}}}`,
  ].join('\n');
}

const xOf = (cells) => round(cells * CELL.width);
const round = (value) => Math.round(value * 100) / 100;
const quoted = (text) =>
  text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[char]);

/** The steps in a picture that `drawSvg` made: name -> rows of text, as `textOf` gives them. */
export function readSvg(svg) {
  const rows = new Map([...svg.matchAll(/<g id="(r\d+)">(.*)<\/g>/g)].map(([, id, row]) => [id, readRow(row)]));
  const height = Number(/<svg x="[^"]*" y="[^"]*" width="[^"]*" height="([^"]*)"/.exec(svg)?.[1] ?? 0);
  const steps = new Map();
  for (const [, step, uses] of svg.matchAll(/<g transform="[^"]*" data-step="([^"]*)">(.*)<\/g>/g)) {
    const screen = Array.from({ length: Math.round(height / CELL.height) }, () => '');
    for (const [, id, y] of uses.matchAll(/<use href="#(r\d+)" y="(\d+)"\/>/g)) screen[y / CELL.height] = rows.get(id);
    steps.set(unquoted(step), screen);
  }
  return steps;
}

function readRow(row) {
  let text = '';
  for (const [, x, letters] of row.matchAll(/<tspan x="([^"]*)"[^>]*>([^<]*)<\/tspan>/g)) {
    text = text.padEnd(Math.round(x / CELL.width)) + unquoted(letters);
  }
  return text;
}

const unquoted = (text) =>
  text.replace(/&(amp|lt|gt|quot);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"' })[name]);
