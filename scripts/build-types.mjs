// Writes the declarations of the library to dist/types: those that src/index.ts leads to, and no others.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ENTRY = 'index.d.ts';
const target = 'dist/types';
const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
const all = mkdtempSync(join(tmpdir(), 'orch-types-'));
try {
  execFileSync(process.execPath, [join(dirname(compiler), 'bin/tsc'), '-p', 'tsconfig.types.json', '--outDir', all], {
    stdio: 'inherit',
  });
  rmSync(target, { recursive: true, force: true });
  for (const file of reachable()) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    // Readers of the declarations need not allow the extension of a source file.
    const text = readFileSync(join(all, file), 'utf8').replaceAll(/(from '\.[^']*|import\('\.[^']*)\.ts'/g, "$1.js'");
    writeFileSync(join(target, file), text);
  }
} finally {
  rmSync(all, { recursive: true, force: true });
}

function reachable() {
  const found = new Set([ENTRY]);
  for (const file of found) {
    const text = readFileSync(join(all, file), 'utf8');
    for (const [, path] of text.matchAll(/(?:from |import\()'(\.[^']*)\.ts'/g))
      found.add(`${join(dirname(file), path)}.d.ts`);
  }
  return found;
}
