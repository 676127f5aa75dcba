// One valid log queue of the merged tree -> LogQueueSpec.
import { resolve } from 'node:path';
import type { LogQueueSpec, Problem } from '../../core/model.ts';
import { DEFAULT_LOG_QUEUE, defaultLogPath, sinkPath } from '../defaults.ts';
import { problemAt, quote } from '../problem.ts';
import { parseDurationMs, parseSizeBytes } from '../quantities.ts';
import { child, type Tree } from '../tree/tree.ts';
import { integerOf, literalOf } from './normalizing.ts';

const MIN_BYTES = 4096;
const MAX_CAPACITY_BYTES = 1024 ** 3;
/** What a program reads is not rotated. */
const NEVER: LogQueueSpec['rotate'] = { sizeBytes: 0, keep: 0, compress: 'none', everyMs: 0, totalBytes: 0 };

export function normalizeQueue(name: string, tree: Tree | undefined, root: string, problems: Problem[]): LogQueueSpec {
  const rotate = child(tree, 'rotate');
  const every = literalOf(child(rotate, 'every'));
  const sink = literalOf(child(child(tree, 'sink'), 'service'));
  return {
    name,
    path: resolve(root, sink === null ? (literalOf(child(tree, 'path')) ?? defaultLogPath(name)) : sinkPath(sink)),
    sink,
    format: (literalOf(child(tree, 'format')) ?? DEFAULT_LOG_QUEUE.format) as LogQueueSpec['format'],
    rotate:
      sink !== null
        ? NEVER
        : {
            sizeBytes: sizeOf(child(rotate, 'size'), DEFAULT_LOG_QUEUE.rotate.size, problems, { zeroMeans: 'never' }),
            keep: integerOf(child(rotate, 'keep')) ?? DEFAULT_LOG_QUEUE.rotate.keep,
            compress: (literalOf(child(rotate, 'compress')) ?? DEFAULT_LOG_QUEUE.rotate.compress) as 'gzip' | 'none',
            everyMs: every === null ? 0 : (parseDurationMs(every) ?? 0),
            totalBytes: sizeOf(child(rotate, 'total'), '0B', problems, { zeroMeans: 'no cap' }),
          },
    capacityBytes: sizeOf(child(tree, 'capacity'), DEFAULT_LOG_QUEUE.capacity, problems, { max: MAX_CAPACITY_BYTES }),
    overflow: (literalOf(child(tree, 'overflow')) ?? DEFAULT_LOG_QUEUE.overflow) as LogQueueSpec['overflow'],
  };
}

type Bounds = { zeroMeans?: string; max?: number };

function sizeOf(tree: Tree | undefined, otherwise: string, problems: Problem[], { zeroMeans, max }: Bounds): number {
  const bytes = parseSizeBytes(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || (bytes === 0 && zeroMeans)) return bytes;
  const tooSmall = bytes < MIN_BYTES;
  if (!tooSmall && bytes <= (max ?? Number.MAX_SAFE_INTEGER)) return bytes;
  const message = `${quote(literalOf(tree) ?? '')} is too ${tooSmall ? 'small' : 'large'}`;
  const hint = tooSmall ? `at least 4KiB${zeroMeans ? `, or 0B: ${zeroMeans}` : ''}` : 'at most 1GiB';
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint }));
  return bytes;
}
