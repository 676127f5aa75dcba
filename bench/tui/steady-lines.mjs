// Writes lines of 100 bytes at a steady rate: steady-lines.mjs LINES_PER_SECOND.
const perSecond = Number(process.argv[2]);
const INTERVAL_MS = 20;
const filler = 'abcdefghijklmnopqrstuvwxyz '.repeat(4).slice(0, 83);

let written = 0;
const beganMs = performance.now();
setInterval(() => {
  const due = Math.floor(((performance.now() - beganMs) / 1000) * perSecond);
  let text = '';
  for (; written < due; written++) text += `line ${String(written).padStart(10, '0')} ${filler}\n`;
  if (text !== '') process.stdout.write(text);
}, INTERVAL_MS);
