// One load in progress: the files that were read or missing, and the problems so far.

import { createHash } from 'node:crypto';
import { relative, sep } from 'node:path';
import type { Problem, WatchedFile } from '../../core/load-result.ts';
import { fileProblem, problemAt, quote } from '../problem/problem.ts';
import { SourceFile, type Span, spanAt } from '../problem/source-file.ts';
import type { FileContent, FileSource } from './file-source.ts';

export type LoadContext = {
  /** procs.yaml, absolute, with the links of its directory resolved. */
  file: string;
  /** Directory of procs.yaml, absolute. */
  root: string;
  /** The same as it was given, with its links. */
  directory: string;
  /** The path by which the project is known. */
  projectPath: string;
  /** Absolute. */
  stateDir: string;
  source: FileSource;
  environment: Readonly<Record<string, string | undefined>>;
  /** Name of the environment, or null. */
  env: string | null;
  problems: Problem[];
  /** By path; the first read counts. */
  watched: Map<string, WatchedFile>;
  /** Files that are included, by path: where each is named first, and the directory that its paths are relative to. */
  included: Map<string, { at: Span; base: string }>;
  /** Files that make up the configuration, relative to the root. */
  files: string[];
};

type TextFile = SourceFile | 'missing' | 'bad';

/**
 * Reads one file as text, and adds it to the watched files. Problems go to the context, except that the file is missing.
 * @param named where the file is named: the place of the problems
 */
export async function readText(context: LoadContext, path: string, named: Span | null): Promise<TextFile> {
  const content = await context.source.read(path);
  if (!context.watched.has(path)) context.watched.set(path, { path, contentHash: contentHashOf(content) });
  const display = displayPath(context.root, path);
  if (content.kind === 'missing') return 'missing';
  if (content.kind === 'refused') {
    const { code, message, hint } = content;
    context.problems.push(
      named
        ? problemAt(named, { code, message: `${quote(display)} ${message}`, hint })
        : fileProblem(display, { code, message: `it ${message}`, hint }),
    );
    return 'bad';
  }
  if (!context.files.includes(display)) context.files.push(display);
  const decoded = decodeUtf8(path, display, content.bytes);
  if (decoded instanceof SourceFile) return decoded;
  context.problems.push(decoded);
  return 'bad';
}

/**
 * A variable of the environment of orch, own properties only. ORCH_ENV is the chosen environment. ORCH_PROJECT is undefined:
 * it may belong to another project, whose instance runs orch.
 */
export function environmentVariable({ environment, env }: LoadContext, name: string): string | undefined {
  if (name === 'ORCH_ENV') return env ?? undefined;
  if (name === 'ORCH_PROJECT') return undefined;
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}

/** As the user would name it: relative to the root, with forward slashes. */
export function displayPath(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

/** A refused file hashes by its reason: becoming readable, or unreadable in another way, is a change. */
function contentHashOf(content: FileContent): string | null {
  if (content.kind === 'missing') return null;
  const bytes = content.kind === 'bytes' ? content.bytes : `refused ${content.code} ${content.message}`;
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Never replaces a byte silently.
 * @returns the file without its byte order mark, or one Problem that names the first bad byte
 */
export function decodeUtf8(path: string, display: string, bytes: Buffer): SourceFile | Problem {
  const wide = utf16Name(bytes);
  if (wide) return fileProblem(display, { ...NOT_UTF8, message: `the file is ${wide}, not UTF-8` });
  try {
    return new SourceFile(path, display, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return notUtf8Problem(path, display, bytes); // the only reason for the decoder to throw is a bad byte
  }
}

const NOT_UTF8 = { code: 'not-utf-8', hint: 'save it as UTF-8' };

function notUtf8Problem(path: string, display: string, bytes: Buffer): Problem {
  const offset = firstBadByte(bytes);
  const before = bytes
    .subarray(0, offset)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  const excerpt = new SourceFile(path, display, before + bytes.subarray(offset, offset + 200).toString('utf8'));
  const byte = `0x${bytes[offset]!.toString(16).padStart(2, '0')}`;
  return problemAt(spanAt(excerpt, before.length, before.length + 1), {
    ...NOT_UTF8,
    message: `the file is not UTF-8: byte ${byte} at offset ${offset.toLocaleString('en')}`,
  });
}

/** Offset of the first invalid sequence. The decoder does not report it: found by bisection, then a few steps back. */
function firstBadByte(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decodes(bytes.subarray(0, middle), true)) good = middle;
    else bad = middle;
  }
  while (good > 0 && !decodes(bytes.subarray(0, good), false)) good--;
  return good;
}

/** @param isCut may the last sequence be incomplete? */
function decodes(bytes: Buffer, isCut: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
    return true;
  } catch {
    return false; // TypeError: invalid
  }
}

function utf16Name(bytes: Buffer): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'UTF-16 (little endian)';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'UTF-16 (big endian)';
  return null;
}
