// One load in progress: what was read or looked for, and what was wrong with it.
import { createHash } from 'node:crypto';
import { relative, sep } from 'node:path';
import type { Problem, WatchedFile } from '../../core/model.ts';
import { problemAt, problemOf, quote } from '../problem.ts';
import { decode } from './decode.ts';
import type { FileContent, FileSource } from './file-source.ts';
import { SourceFile, type Span } from './source-file.ts';

export type Reading = {
  /** Directory of procs.yaml, absolute. */
  root: string;
  source: FileSource;
  environment: Readonly<Record<string, string | undefined>>;
  /** The environment that was chosen, or null. */
  env: string | null;
  problems: Problem[];
  /** By path; the first read counts. */
  watched: Map<string, WatchedFile>;
  /** Files that make up the configuration, relative to the root. */
  files: string[];
};

export type TextFile = SourceFile | 'missing' | 'bad';

/**
 * Reads one file as text and remembers that it was looked for. Problems go to `reading`, but not that it is missing.
 * @param named where the file is named, for what stands against reading it
 */
export async function readText(reading: Reading, path: string, named: Span | null): Promise<TextFile> {
  const content = await reading.source.read(path);
  if (!reading.watched.has(path)) reading.watched.set(path, { path, contentHash: hashOf(content) });
  const display = displayName(reading.root, path);
  if (content.kind === 'missing') return 'missing';
  if (content.kind === 'refused') {
    const { code, message, hint } = content;
    const problem = named
      ? problemAt(named, { code, message: `${quote(display)} ${message}`, hint })
      : problemOf(display, { code, message: `it ${message}`, hint });
    reading.problems.push(problem);
    return 'bad';
  }
  if (!reading.files.includes(display)) reading.files.push(display);
  const decoded = decode(path, display, content.bytes);
  if (decoded instanceof SourceFile) return decoded;
  reading.problems.push(decoded);
  return 'bad';
}

/**
 * A variable of the environment that orch runs in; never what every object has. ORCH_ENV is what was chosen, and ORCH_PROJECT
 * none: there it may be that of another project, whose instance runs orch.
 */
export function fromEnvironment({ environment, env }: Reading, name: string): string | undefined {
  if (name === 'ORCH_ENV') return env ?? undefined;
  if (name === 'ORCH_PROJECT') return undefined;
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

/** As the user would name it: relative to the root, with forward slashes. */
export function displayName(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** A refused file hashes by its reason: becoming readable, or unreadable in another way, is a change. */
function hashOf(content: FileContent): string | null {
  if (content.kind === 'missing') return null;
  const bytes = content.kind === 'bytes' ? content.bytes : `refused ${content.code} ${content.message}`;
  return createHash('sha256').update(bytes).digest('hex');
}
