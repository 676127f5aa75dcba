// The newest lines of stderr of some instances, from the logs.
import { resolve } from 'node:path';
import type { ServiceStatus, Status } from '../../api/protocol.ts';
import { readLogs } from '../../logs/reader/read-logs.ts';
import { stripSgr } from '../../terminal/sanitize.ts';

/** Of both streams: those of stderr are among them. */
const READ_LINES = 500;

export type StderrLine = { instance: string; timeMs: number; text: string };

/** @returns oldest first */
export async function readStderr(
  status: Status,
  { logQueue, stderrQueue = logQueue }: ServiceStatus,
  root: string,
  instances: ReadonlySet<string>,
): Promise<StderrLine[]> {
  const queues = status.logQueues
    .filter(({ name }) => name === stderrQueue)
    .map(({ name, path }) => ({ name, path: resolve(root, path), format: 'text' as const }));
  const all = { tail: READ_LINES, sinceMs: null, untilMs: null, grep: null };
  const found: StderrLine[] = [];
  for await (const lines of readLogs({ queues, instances, ...all })) {
    for (const { stream, instance, timeMs, line } of lines)
      if (stream === 'e') found.push({ instance, timeMs, text: stripSgr(line) });
  }
  return found;
}
