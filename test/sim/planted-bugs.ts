// Reads the planted bugs: `planted/*.patch`, each a line that says what is wrong and the texts to replace in src/.
// Not a diff: lines around the place may change without breaking it. Where the place itself is gone, it says so.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { applyPatch, SOURCE_DIRECTORY, type SourcePatch } from './build.ts';

export type PlantedBug = { name: string; what: string; patches: SourcePatch[] };

const DIRECTORY = fileURLToPath(new URL('./planted/', import.meta.url));
const HUNK = /^--- src\/(.+)\n<<<<<<<\n([\s\S]*?)\n=======\n([\s\S]*?)\n?>>>>>>>$/gm;

export function readPlantedBugs(): PlantedBug[] {
  const names = readdirSync(DIRECTORY).filter((name) => name.endsWith('.patch'));
  return names.sort().map((name) => {
    const text = readFileSync(`${DIRECTORY}${name}`, 'utf8');
    const patches = [...text.matchAll(HUNK)].map(([, file, find, replace]) => ({
      file: file!,
      find: find!,
      replace: replace!,
    }));
    return { name: name.replace('.patch', ''), what: /^# (.+)$/m.exec(text)?.[1] ?? '', patches };
  });
}

/** @returns why it cannot be planted; null: it can. */
export function findDrift({ patches }: PlantedBug): string | null {
  if (patches.length === 0) return 'it replaces nothing';
  try {
    const texts = new Map<string, string>();
    for (const patch of patches) {
      const before = texts.get(patch.file) ?? readFileSync(`${SOURCE_DIRECTORY}${patch.file}`, 'utf8');
      texts.set(patch.file, applyPatch(before, patch));
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
