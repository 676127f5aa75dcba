// Files in dotenv syntax: the names that they set, and their values. Pure.
import { parseDotenv } from '../../config/files/dotenv.ts';
import { SourceFile } from '../../config/problem/source-file.ts';
import type { Place } from '../source/source-node.ts';

/** `template`: null if the value has no variable. */
export type DotenvEntry = { name: string; value: string; template: string | null; at: Place };

/** Other lines are left out: `orch validate` reports them. */
export function readDotenvEntries(text: string, file: string): DotenvEntry[] {
  const source = new SourceFile(file, file, text);
  return parseDotenv(source).entries.map(({ name, value, template, at }) => ({
    name,
    value,
    template,
    at: { file, line: source.locate(at.start).line },
  }));
}
