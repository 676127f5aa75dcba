// The programs of the log benchmark: the C generator and checker where a compiler exists, else the same in Node (slower: the
// figures then say more about the generator than about the log path).
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @returns {{ compiled: boolean, lines: string[], verify: string[] | null }} command lines to append arguments to */
export function preparePrograms() {
  try {
    mkdirSync(path('../.build/'), { recursive: true });
    for (const name of ['lines', 'verify']) {
      execFileSync('cc', ['-O2', '-o', path(`../.build/${name}`), path(`../c/${name}.c`)], { stdio: 'ignore' });
    }
    return { compiled: true, lines: [path('../.build/lines')], verify: [path('../.build/verify')] };
  } catch {
    return { compiled: false, lines: [process.execPath, path('lines.mjs')], verify: null };
  }
}
