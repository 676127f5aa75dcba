// Files in dotenv syntax: the names that they set, and their values. Pure.
import { parseDotenv } from '../../config/files/dotenv.ts';
import { SourceFile } from '../../config/problem/source-file.ts';
import type { Place } from '../source/source-node.ts';

export type DotenvEntry = { name: string; value: string; at: Place };

/** Other lines are left out: `orch validate` reports them. */
export function readDotenvEntries(text: string, file: string): DotenvEntry[] {
  const source = new SourceFile(file, file, text);
  return parseDotenv(source).entries.map(({ name, value, at }) => ({
    name,
    value,
    at: { file, line: source.locate(at.start).line },
  }));
}
