// All files of a queue as they stand at one moment: rotated ones oldest first, then the live one.
import { listRotated, type RotatedFile } from '../rotation.ts';
import type { LogQueueFile } from './read-logs.ts';
import { type Decoding, openLive, openRotated, type Segment } from './segment.ts';

export type QueueFiles = {
  /** What is renamed or deleted from now on can still be read. */
  segments: Segment[];
  /** Of all files that were listed, read or not: what is rotated later has a later one. 0: none was there. */
  newestStampMs: number;
};

/** Absent files are left out, and those that were closed before `sinceMs`. */
export function openQueueFiles(queue: LogQueueFile, decoding: Decoding, sinceMs = 0): QueueFiles {
  const { live, rotated } = openAtOneMoment(queue, decoding);
  const wanted = rotated.filter((file) => file.stampMs >= sinceMs);
  const segments = wanted.map((file) => openRotated(file, decoding)).filter((segment) => segment !== null);
  return { segments: live === null ? segments : [...segments, live], newestStampMs: newestStamp(rotated) };
}

/** Where a rotation came in between, all that was there before is in the rotated files, and what was begun since is left out:
 * else a file would be missing, or be there twice. */
function openAtOneMoment(queue: LogQueueFile, decoding: Decoding): { live: Segment | null; rotated: RotatedFile[] } {
  const before = newestStamp(listRotated(queue.path));
  const live = openLive(queue, decoding);
  const rotated = listRotated(queue.path);
  if (newestStamp(rotated) === before) return { live, rotated };
  live?.close();
  return { live: null, rotated };
}

function newestStamp(rotated: RotatedFile[]): number {
  return rotated.at(-1)?.stampMs ?? 0;
}
