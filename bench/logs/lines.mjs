// As bench/c/lines.c, for machines without a compiler: lines.mjs WRITER MIB BYTES_PER_WRITE.
import { writeSync } from 'node:fs';

const [writer, mib, bytesPerWrite] = process.argv.slice(2).map(Number);
const LINES = 8192;
const total = Math.floor((mib * 1024 * 1024) / 100);
const step = bytesPerWrite || 100;
const filler = Array.from({ length: 82 }, (_, index) => String.fromCharCode(97 + ((index + 17) % 26))).join('');

for (let number = 0; number < total; ) {
  const count = Math.min(LINES, total - number);
  let text = '';
  for (let line = 0; line < count; line += 1) {
    text += `w${String(writer).padStart(3, '0')} n${String(number + line).padStart(10, '0')} ${filler}\n`;
  }
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at, Math.min(step, bytes.length - at));
  number += count;
}
