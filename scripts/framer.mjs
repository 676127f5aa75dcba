// Assembles src/logs/writer/framer.wat into src/logs/writer/framer-module.ts: `node scripts/framer.mjs`. A test keeps them in step.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const source = new URL('../src/logs/writer/framer.wat', import.meta.url);
const target = new URL('../src/logs/writer/framer-module.ts', import.meta.url);

export async function assemble() {
  const { parseWat } = await wabt();
  const module = parseWat('framer.wat', readFileSync(source, 'utf8'), { simd: true, mutable_globals: true });
  const bytes = Buffer.from(module.toBinary({}).buffer);
  module.destroy();
  return bytes.toString('base64');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lines = (await assemble()).match(/.{1,116}/g).map((part) => `  '${part}',`);
  const header = '// Made from framer.wat by scripts/framer.mjs. Do not edit.';
  writeFileSync(target, `${header}\nexport const framerModule: string = [\n${lines.join('\n')}\n].join('');\n`);
}
