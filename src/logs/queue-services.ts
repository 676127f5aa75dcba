// Which services ever wrote to which log queue, `.orch/log-services.json`: a reader of one service need not read the queues of
// others. The log writer writes it (writer/queue-services-file.ts).
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ProjectPaths } from '../api/paths.ts';
import { parseInstanceId } from '../core/spec.ts';

/** Path of a queue's file, relative to the project, -> names of services. */
export type QueueServices = Record<string, string[]>;

export const queueServicesPath = (stateDir: string): string => join(stateDir, 'log-services.json');

export const queueKey = (root: string, queuePath: string): string => relative(root, queuePath);

/** @returns {}: nothing is recorded yet, or the file is damaged */
export function readQueueServices(path: string): QueueServices {
  try {
    const parsed = JSON.parse(readFileSync(path, 'utf8')) as unknown;
    return typeof parsed === 'object' && parsed !== null ? (parsed as QueueServices) : {};
  } catch {
    return {};
  }
}

/**
 * The queues that may have lines of these services or instances: those that one of them wrote to, and those without a record.
 * All of them if one name is in no record: its service may be older than the record.
 */
export function queuesOf<Q extends { path: string }>(
  queues: Q[],
  names: Iterable<string>,
  { stateDir, root }: Pick<ProjectPaths, 'stateDir' | 'root'>,
): Q[] {
  const recorded = readQueueServices(queueServicesPath(stateDir));
  const services = [...names].map((name) => parseInstanceId(name)?.service ?? name);
  const writers = queues.map(({ path }) => new Set(recorded[queueKey(root, path)]));
  if (services.some((service) => !writers.some((writing) => writing.has(service)))) return queues;
  return queues.filter((_, at) => writers[at]!.size === 0 || services.some((service) => writers[at]!.has(service)));
}
