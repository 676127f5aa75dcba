// What the `records-start-stop` programs wrote about themselves: an account that owes nothing to orch.
import { existsSync, readFileSync } from 'node:fs';

export type ProgramRecord = { event: 'start' | 'stop' | 'overlap'; id: string; pid: number; atNs: string };

/** Complete lines only; empty while the file does not exist. */
export function readRecords(path: string): ProgramRecord[] {
  return linesOf(path).map((line) => JSON.parse(line) as ProgramRecord);
}

export function linesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
}
