// What loading a configuration yields: the accepted configuration, or the problems that were found.
import type { ProjectConfig } from './spec.ts';

/** One thing wrong with a configuration, as a person needs it. Lines and columns count from 1. */
export type Problem = {
  severity: 'error' | 'warning';
  /** As the user would name it: relative to where procs.yaml lies. */
  file: string;
  line: number | null;
  column: number | null;
  /** Stable, e.g. `unknown-key`. */
  code: string;
  /** What is wrong, quoting the offending text, and what was expected. */
  message: string;
  /** What to do about it, or null. */
  hint: string | null;
  /** The source line and the width of the caret under it, when there is a position. */
  excerpt: { text: string; caretColumn: number; caretLength: number } | null;
};

/** Where something is written. `file`: as the user would name it. */
export type FilePlace = { file: string; line: number; column: number };

/** A configuration that was loaded and found valid, with what is needed to watch it. */
export type AcceptedConfig = {
  config: ProjectConfig;
  /** Every file that was read or looked for (an absent `?.env` or overlay included), absolute. `contentHash`: SHA-256
   * hex of the bytes; null: the file did not exist. */
  watched: WatchedFile[];
  /** The files that make up the configuration, relative to the root, for display. */
  files: string[];
  warnings: Problem[];
};
/** `names`, a glob: the path is a directory of which the matching names count; `contentHash` is their `listingText`. */
export type WatchedFile = { path: string; contentHash: string | null; names?: string };

/** The names in a directory that a glob matches, as one text to compare. */
export function listingText(names: readonly string[], isMatch: (name: string) => boolean): string {
  return names
    .filter((name) => name !== 'node_modules' && isMatch(name))
    .sort()
    .join('/');
}

/** What loading a configuration yields: the whole of it, or every problem that was found. */
export type LoadResult =
  | { ok: true; accepted: AcceptedConfig }
  | { ok: false; problems: Problem[]; watched: WatchedFile[] };
