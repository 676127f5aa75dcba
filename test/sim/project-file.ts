// The simulated procs.yaml: JSON of a whole configuration. Says what the real loader would say to each kind of bad file;
// that it does say so is tested with the real one.

import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { LoadResult, Problem } from '../../src/core/load-result.ts';
import type { ProjectConfig } from '../../src/core/spec.ts';
import type { FileTree } from './machine/files.ts';
import { expandBy, type Shell } from './shell.ts';

/** How a file can be bad. */
export const BAD_KINDS = ['torn', 'empty', 'missing', 'unreadable', 'invalid', 'fifo', 'hangs'] as const;
export type BadKind = (typeof BAD_KINDS)[number];

/** Puts a bad file in the place of the good one. */
export function spoil(files: FileTree, path: string, kind: BadKind): void {
  const text = files.get(path)?.text ?? '';
  files.removeTree(path);
  if (kind === 'missing') return;
  const node = files.create(path, kind === 'fifo' ? 'fifo' : 'file');
  if (kind === 'torn') files.write(node, text.slice(0, Math.floor(text.length / 2)));
  if (kind === 'unreadable') node.refuses = 'EACCES';
  if (kind === 'invalid') files.write(node, '{"services":"none"}');
  if (kind === 'hangs') files.write(node, 'hangs');
}

/** @param shell whose variables it is expanded with */
export function loadSimulated(files: FileTree, path: string, shell: Shell): LoadResult | 'hangs' {
  const node = files.get(path);
  const bytes = node?.kind === 'file' && !node.refuses ? node.text : null;
  const watched = [{ path: files.real(path), contentHash: bytes === null ? null : hashOf(bytes) }];
  if (bytes === 'hangs') return 'hangs';
  const written = bytes === null ? null : parse(bytes);
  const config = written && expandBy(written, shell, dirname(files.real(path)));
  if (config) return { ok: true, accepted: { config, watched, files: ['procs.yaml'], warnings: [] } };
  return { ok: false, problems: [problem(path)], watched };
}

function parse(text: string): ProjectConfig | null {
  try {
    const config = JSON.parse(text) as ProjectConfig;
    return Array.isArray(config.services) ? config : null;
  } catch {
    return null; // torn
  }
}

function problem(file: string): Problem {
  return {
    severity: 'error',
    file,
    line: 1,
    column: 1,
    code: 'bad',
    message: 'bad',
    hint: null,
    excerpt: null,
  };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
