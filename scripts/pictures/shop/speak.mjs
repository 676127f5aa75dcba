// Prints the lines of a file again and again: speak.mjs FILE SECONDS. Each instance starts at another line.
import { readFileSync } from 'node:fs';

const [file, seconds] = process.argv.slice(2);
const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
const index = Number(process.env.ORCH_INDEX);
const ms = Number(seconds) * 1000;

let next = index;
function speak() {
  const line = lines[next++ % lines.length];
  if (line.startsWith('!')) console.error(line.slice(1));
  else console.log(line);
}

setTimeout(
  () => {
    speak();
    setInterval(speak, ms);
  },
  (ms * (index % 4)) / 4,
);
