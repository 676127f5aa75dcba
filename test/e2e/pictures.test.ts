// The pictures of the documentation show the view as it is. `npm run pictures` redraws those that do not.
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import headless from '@xterm/headless';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { readSvg } from '../../scripts/pictures/svg.mjs';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const pictures = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const main = fileURLToPath(new URL('../../scripts/pictures/main.mjs', import.meta.url));
const MAX_BYTES = 150_000;

const check = (...args: string[]) => execa(process.execPath, [main, '--check', ...args], { reject: false });

test('every picture shows what the program shows today', async () => {
  const { exitCode, stderr } = await check();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});

test('a picture with another label is named, with the row and the command that redraws it', async () => {
  const dir = temporaryDirectory('pictures');
  cpSync(pictures, dir, { recursive: true });
  const path = join(dir, 'view.svg');
  writeFileSync(path, readFileSync(path, 'utf8').replace('>NAME<', '>LABEL<'));
  const { exitCode, stderr } = await check('--dir', dir);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /^view: at the step "view"\n {2}- LABEL STATE .*\n {2}\+ NAME STATE .*\nRedraw: npm run pictures$/,
  );
});

test('no picture is larger than what a page should load', () => {
  const sizes = readdirSync(pictures).map((name) => [name, statSync(join(pictures, name)).size] as const);
  expect(sizes.filter(([name]) => name.endsWith('.svg')).length).toBeGreaterThan(3);
  expect(sizes.filter(([, size]) => size > MAX_BYTES)).toEqual([]);
});

test('the recording plays every step of the animation', async () => {
  const [header, ...events] = readFileSync(join(pictures, 'tour.cast'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const emulator = new headless.Terminal({ cols: header.width, rows: header.height, allowProposedApi: true });
  const played = new Set<string>();
  for (const [, , text] of events) {
    await new Promise<void>((resolve) => emulator.write(text, resolve));
    const line = (row: number) => emulator.buffer.active.getLine(row)?.translateToString(true).trimEnd();
    played.add(
      Array.from({ length: header.height }, (_, row) => line(row))
        .join('\n')
        .trimEnd(),
    );
  }
  const steps = readSvg(readFileSync(join(pictures, 'tour.svg'), 'utf8'));
  expect([...steps.keys()]).toContain('everything runs');
  const missing = [...steps].filter(([, rows]) => !played.has(rows.join('\n').trimEnd())).map(([step]) => step);
  expect(missing).toEqual([]);
});
