// The merged, expanded and valid tree -> ProjectConfig.
import { basename } from 'node:path';
import type { LogQueueSpec, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { DEFAULT_QUEUE } from '../defaults.ts';
import { child, entriesOf, type Tree } from '../tree/tree.ts';
import type { Normalizing } from './normalizing.ts';
import { literalOf } from './normalizing.ts';
import { normalizeQueue } from './queue.ts';
import { normalizeService } from './service.ts';
import { connectSinks } from './sinks.ts';

/** @param tree services with their `defaults` applied. Problems go to the context. */
export function normalizeProject(tree: Tree, env: string | null, context: Normalizing): ProjectConfig {
  const services = entriesOf(child(tree, 'services'))
    .map((entry) => normalizeService(entry, context))
    .filter((spec) => spec !== null);
  const logQueues = normalizeQueues(tree, services, context);
  return { project: context.project, env, root: context.root, services: connectSinks(services, logQueues), logQueues };
}

/** The declared queues, and `default` when a service uses it. */
function normalizeQueues(tree: Tree, services: ServiceSpec[], context: Normalizing): LogQueueSpec[] {
  const declared = entriesOf(child(tree, 'log_queues'));
  const queues = declared.map(({ key, value }) => normalizeQueue(key, value, context.root, context.problems));
  const needsDefault = services.some(({ logQueue }) => logQueue === DEFAULT_QUEUE);
  if (!needsDefault || declared.some(({ key }) => key === DEFAULT_QUEUE)) return queues;
  return [...queues, normalizeQueue(DEFAULT_QUEUE, undefined, context.root, context.problems)];
}

/** `name`, or the folder's name made to fit. */
export function projectName(tree: Tree, root: string): string {
  const written = literalOf(child(tree, 'name'));
  if (written !== null) return written;
  const fitted = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 63);
  return fitted === '' ? 'project' : fitted;
}
