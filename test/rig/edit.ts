// The ways in which editors, tools and accidents write a file.
import { renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const SAVES_SLOWLY = fileURLToPath(new URL('../fixtures/programs/saves-slowly.mjs', import.meta.url));

/** `plain` truncates and writes in place; `atomic` writes a second file and renames it, as most editors do. */
export type EditStyle = 'plain' | 'atomic';

export function saveFile(path: string, text: string | Uint8Array, style: EditStyle = 'atomic'): void {
  if (style === 'plain') {
    writeFileSync(path, text);
    return;
  }
  const temporary = `${path}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/**
 * A save that takes its time: growing prefixes written in place, `everyMs` apart, the whole text last. From a process of
 * its own, so that what the test does meanwhile does not delay it.
 * @returns the longest pause between two writes in ms: on a busy machine it may be longer than was asked for
 */
export async function saveSlowly(path: string, text: string, cuts: number, everyMs: number): Promise<number> {
  const { stdout } = await execa(process.execPath, [SAVES_SLOWLY, path, String(everyMs), String(cuts)], {
    input: text,
  });
  return Number(stdout);
}
