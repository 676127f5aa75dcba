// The ways in which editors, tools and accidents write a file.
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** `plain` truncates and writes in place; `atomic` writes beside and renames, as most editors do. */
export type EditStyle = 'plain' | 'atomic';

export function saveFile(path: string, text: string | Uint8Array, style: EditStyle = 'atomic'): void {
  if (style === 'plain') {
    writeFileSync(path, text);
    return;
  }
  const beside = `${path}.tmp-${process.pid}-${Math.random().toString(36).slice(2)}`;
  writeFileSync(beside, text);
  renameSync(beside, path);
}

/** A save that takes its time: growing prefixes written in place, `everyMs` apart, the whole text last. */
export async function saveSlowly(path: string, text: string, cuts: number[], everyMs: number): Promise<void> {
  for (const cut of [...cuts, text.length]) {
    writeFileSync(path, text.slice(0, cut));
    await pause(everyMs); // the pace is the fault that is injected here, not a wait for something
  }
}
