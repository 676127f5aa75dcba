// `.orch/history.json`: which generations there were. No configuration: it may hold secrets. And the commit of a generation.
import { dirname } from 'node:path';
import type { GenerationRecord } from '../../api/protocol-edits.ts';
import { whyUncommitted } from '../../config/files/commit-state.ts';
import { runGit } from '../../config/files/run-git.ts';
import type { WatchedFile } from '../../core/load-result.ts';
import { readStateFile, StateFile } from '../../os/state-file.ts';
import { hasChanged } from './config-follower.ts';

const GIT_TIMEOUT_MS = 10_000;

/** @returns oldest first; empty where the file is missing or invalid */
export async function readHistory(path: string): Promise<GenerationRecord[]> {
  const read = await readStateFile(path);
  if (!('text' in read)) return [];
  try {
    const { generations } = JSON.parse(read.text) as { generations?: unknown };
    return Array.isArray(generations) ? generations.filter(isRecord) : [];
  } catch {
    return []; // torn
  }
}

const isRecord = (value: Partial<GenerationRecord> | null): value is GenerationRecord =>
  Number.isInteger(value?.generation) && typeof value?.at === 'string' && typeof value.by === 'string';

/** One for each path: it writes one text after the other. */
const files = new Map<string, StateFile>();

export async function saveHistory(path: string, generations: readonly GenerationRecord[]): Promise<void> {
  const text = `${JSON.stringify({ generations })}\n`;
  const file = files.get(path) ?? new StateFile(path);
  files.set(path, file);
  await file.save(text, 'crash').catch(() => undefined); // written again with the next generation
}

/**
 * @param watched as they were read for the generation
 * @returns the full hash of the commit that has exactly these files; null: none is known to
 */
export async function commitOf(file: string, watched: readonly WatchedFile[]): Promise<string | null> {
  const paths = watched.map(({ path }) => path);
  if ((await hasChanged(watched)) || (await whyUncommitted(file, paths)) !== null) return null;
  const { exitCode, stdout } = await runGit(['rev-parse', '--verify', 'HEAD'], dirname(file), GIT_TIMEOUT_MS);
  return exitCode === 0 ? stdout.toString('utf8').trim() : null;
}
