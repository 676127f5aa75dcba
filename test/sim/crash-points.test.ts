// The supervisor dies before every single effect of the known scenarios; the next one has to make it good.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bundleGuest } from './build.ts';
import { compile, forget, put } from './compile.mjs';

it('survives a crash at every effect of every known scenario', async () => {
  try {
    const program = await compile('crash-points');
    const guest = put('guest.js', await bundleGuest());
    const { stdout } = await promisify(execFile)(process.execPath, [program, guest], { maxBuffer: 2 ** 28 });
    const { scenarios, points, failures } = JSON.parse(stdout) as {
      scenarios: number;
      points: number;
      failures: string[];
    };
    expect(failures).toEqual([]);
    expect(scenarios).toBeGreaterThan(10);
    expect(points).toBeGreaterThan(500);
  } finally {
    forget();
  }
});
