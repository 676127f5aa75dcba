// What a format is given with its files: the draft, the files next to them, and a way to evaluate JavaScript.
import { posix } from 'node:path';
import type { ProjectDraft } from './project-draft.ts';

export type ImportInput = {
  /** Relative to the directory of the result, with `/`. */
  file: string;
  text: string;
};

/** @returns the value of `module.exports` as JSON text, or why it cannot be evaluated */
export type EvaluateScript = (
  file: string,
  environment: Record<string, string>,
) => Promise<{ ok: true; value: unknown; read: string[] } | { ok: false; problem: string }>;

export type ImportContext = {
  project: ProjectDraft;
  /** A file by its path relative to the directory of the result. @returns null if it does not exist */
  read: (file: string) => string | null;
  /** Files that a pattern with `*` names, sorted. */
  list: (pattern: string) => string[];
  evaluate: EvaluateScript;
  /** Containers of compose become services that docker runs; otherwise they are reported, and left to docker. */
  keepsContainers: boolean;
};

/** A file that cannot be imported at all. */
export class ImportProblem extends Error {
  readonly file: string;
  readonly line: number | undefined;

  constructor(file: string, message: string, line?: number) {
    super(message);
    this.file = file;
    this.line = line;
  }
}

/** A path of the source, which is relative to the source's directory, relative to the directory of the result. */
export function fromSource(file: string, path: string): string {
  const directory = posix.dirname(file);
  if (directory === '.' || posix.isAbsolute(path) || /^[~$]/.test(path)) return path;
  return posix.join(directory, path);
}
