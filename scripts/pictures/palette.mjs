// The colours of the terminal in the pictures, once for a dark page and once for a light one.
// The 16 colours of the palette are those of a common terminal, darker on the light page where they could not be read.

const DARK = {
  background: '#14161b',
  foreground: '#d7dae0',
  border: '#2b2f38',
  palette: [
    ...['#3b404a', '#e8706a', '#7fc46d', '#d9b44a', '#5b9bf0', '#c586d6', '#4fb8c4', '#c5c8cf'],
    ...['#737987', '#ff8f88', '#9be08a', '#f0cf6e', '#83b6ff', '#dea4ee', '#79d6e0', '#ffffff'],
  ],
};
const LIGHT = {
  background: '#fbfbfa',
  foreground: '#24272e',
  border: '#d6d8dc',
  palette: [
    ...['#24272e', '#c2352d', '#2c7a34', '#8a6300', '#1f63c4', '#9338a8', '#0c7280', '#5b606b'],
    ...['#7a808c', '#d9483f', '#3b9145', '#a67900', '#3f7fdc', '#ab52c0', '#168795', '#ffffff'],
  ],
};
/** 6 × 6 × 6 colours, then 24 greys. */
const CUBE_START = 16;
const GREY_START = 232;
const CUBE_LEVELS = [0, 95, 135, 175, 215, 255];

/** CSS classes `f…` (text) and `b…` (background) for the colours that are used: numbers, and the two names. */
export function coloursCss(used) {
  return [
    rules(DARK, used),
    `@media (prefers-color-scheme:light){${rules(LIGHT, used)}}`, // the page decides, not the terminal
  ].join('\n');
}

function rules(theme, used) {
  const frame = `.page{fill:${theme.background};stroke:${theme.border}}text{fill:${theme.foreground}}`;
  const each = [...used].map((name) => `.f${name}{fill:${hexOf(theme, name)}}.b${name}{fill:${hexOf(theme, name)}}`);
  return frame + each.join('');
}

function hexOf(theme, name) {
  if (name === 'background' || name === 'foreground') return theme[name];
  if (name < CUBE_START) return theme.palette[name];
  if (name >= GREY_START) return hex([8, 8, 8].map((base) => base + 10 * (name - GREY_START)));
  const index = name - CUBE_START;
  return hex([Math.floor(index / 36), Math.floor(index / 6) % 6, index % 6].map((level) => CUBE_LEVELS[level]));
}

const hex = (parts) => `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
