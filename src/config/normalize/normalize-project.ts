// The merged, expanded and valid tree -> ProjectConfig.

import { basename, resolve } from 'node:path';
import type { Problem } from '../../core/load-result.ts';
import type { Dependency, LogQueueSpec, ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { parseDurationMs, parseSizeBytes } from '../../units.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { DEFAULT_LOG_QUEUE, DEFAULT_QUEUE, defaultLogPath, sinkPath } from '../schema/defaults.ts';
import { specHash } from '../schema/spec-hash.ts';
import {
  childOf,
  entriesOf,
  isNull,
  type MapTree,
  mergeTrees,
  type Tree,
  type TreeEntry,
  withoutNulls,
} from '../tree/tree.ts';
import { integerOf, literalOf, type NormalizeContext } from './normalize-context.ts';
import { normalizeService } from './normalize-service.ts';

/** @param tree services with their `defaults` applied. Problems go to the context. */
export function normalizeProject(tree: Tree, env: string | null, context: NormalizeContext): ProjectConfig {
  const services = entriesOf(childOf(tree, 'services'))
    .map((entry) => normalizeService(entry, context))
    .filter((spec) => spec !== null);
  const logQueues = normalizeQueues(tree, services, context);
  return { project: context.project, env, root: context.root, services: connectSinks(services, logQueues), logQueues };
}

/** The declared queues, and `default` when a service uses it. */
function normalizeQueues(tree: Tree, services: ServiceSpec[], context: NormalizeContext): LogQueueSpec[] {
  const declared = entriesOf(childOf(tree, 'log_queues'));
  const queues = declared.map(({ key, value }) => normalizeQueue(key, value, context.root, context.problems));
  const needsDefault = services.some(({ logQueue }) => logQueue === DEFAULT_QUEUE);
  if (!needsDefault || declared.some(({ key }) => key === DEFAULT_QUEUE)) return queues;
  return [...queues, normalizeQueue(DEFAULT_QUEUE, undefined, context.root, context.problems)];
}

/** `name`, or the folder's name made to fit. */
export function projectName(tree: Tree, root: string): string {
  const written = literalOf(childOf(tree, 'name'));
  if (written !== null) return written;
  const fitted = basename(root)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 63);
  return fitted === '' ? 'project' : fitted;
}

// `defaults` laid under every service. What a null took away is gone afterwards, but for `env`: there it still has to
// take away what the project declares.

/** @returns the tree with whole services; removed ones are gone. */
export function applyDefaults(tree: MapTree): MapTree {
  const services = tree.entries.get('services');
  if (services?.value.kind !== 'map') return tree;
  const defaults = childOf(tree, 'defaults');
  const whole = entriesOf(services.value)
    .filter(({ value }) => !isNull(value))
    .map((entry): [string, TreeEntry] => [entry.key, { ...entry, value: wholeService(entry.value, defaults) }]);
  const value: MapTree = { ...services.value, entries: new Map(whole) };
  const entries = new Map((withoutNulls(tree) as MapTree).entries).set('services', { ...services, value });
  const env = tree.entries.get('env');
  if (env && !isNull(env.value)) entries.set('env', env);
  return { ...tree, entries };
}

function wholeService(service: Tree, defaults: Tree | undefined): Tree {
  const merged = defaults?.kind === 'map' ? mergeTrees(defaults, service) : service;
  const bare = withoutNulls(merged);
  const env = merged.kind === 'map' ? merged.entries.get('env') : undefined;
  if (bare.kind !== 'map' || !env || isNull(env.value)) return bare;
  return { ...bare, entries: new Map(bare.entries).set('env', env) };
}

// One valid log queue of the merged tree -> LogQueueSpec.

const MIN_BYTES = 4096;
const MAX_CAPACITY_BYTES = 1024 ** 3;
/** What a program reads is not rotated. */
const NO_ROTATION: LogQueueSpec['rotate'] = { sizeBytes: 0, keep: 0, compress: 'none', everyMs: 0, totalBytes: 0 };

function normalizeQueue(name: string, tree: Tree | undefined, root: string, problems: Problem[]): LogQueueSpec {
  const rotate = childOf(tree, 'rotate');
  const every = literalOf(childOf(rotate, 'every'));
  const sink = literalOf(childOf(childOf(tree, 'sink'), 'service'));
  return {
    name,
    path: resolve(root, sink === null ? (literalOf(childOf(tree, 'path')) ?? defaultLogPath(name)) : sinkPath(sink)),
    sink,
    format: (literalOf(childOf(tree, 'format')) ?? DEFAULT_LOG_QUEUE.format) as LogQueueSpec['format'],
    rotate:
      sink !== null
        ? NO_ROTATION
        : {
            sizeBytes: sizeOf(childOf(rotate, 'size'), DEFAULT_LOG_QUEUE.rotate.size, problems, { zeroMeans: 'never' }),
            keep: integerOf(childOf(rotate, 'keep')) ?? DEFAULT_LOG_QUEUE.rotate.keep,
            compress: (literalOf(childOf(rotate, 'compress')) ?? DEFAULT_LOG_QUEUE.rotate.compress) as 'gzip' | 'none',
            everyMs: every === null ? 0 : (parseDurationMs(every) ?? 0),
            totalBytes: sizeOf(childOf(rotate, 'total'), '0B', problems, { zeroMeans: 'no cap' }),
          },
    capacityBytes: sizeOf(childOf(tree, 'capacity'), DEFAULT_LOG_QUEUE.capacity, problems, { max: MAX_CAPACITY_BYTES }),
    overflow: (literalOf(childOf(tree, 'overflow')) ?? DEFAULT_LOG_QUEUE.overflow) as LogQueueSpec['overflow'],
  };
}

type SizeBounds = { zeroMeans?: string; max?: number };

function sizeOf(
  tree: Tree | undefined,
  otherwise: string,
  problems: Problem[],
  { zeroMeans, max }: SizeBounds,
): number {
  const bytes = parseSizeBytes(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || (bytes === 0 && zeroMeans)) return bytes;
  const tooSmall = bytes < MIN_BYTES;
  if (!tooSmall && bytes <= (max ?? Number.MAX_SAFE_INTEGER)) return bytes;
  const message = `${quote(literalOf(tree) ?? '')} is too ${tooSmall ? 'small' : 'large'}`;
  const hint = tooSmall ? `at least 4KiB${zeroMeans ? `, or 0B: ${zeroMeans}` : ''}` : 'at most 1GiB';
  problems.push(problemAt(tree.at, { code: 'bad-value', message, hint }));
  return bytes;
}

// Services that read a log queue: their stdin, their way to an end, and who starts after them. What is wrong with a sink
// is told by config/check/references.ts.

/** @param queues a sink that is no service, or reads two queues, is left to the checks */
function connectSinks(services: ServiceSpec[], queues: readonly LogQueueSpec[]): ServiceSpec[] {
  const sinks = queues.filter(({ sink }) => sink !== null);
  if (sinks.length === 0) return services;
  const names = new Set<string>(services.map(({ name }) => name));
  return services.map((spec) => {
    const written = sinks.find(({ name }) => name === spec.logQueue);
    const read = sinks.find(({ sink }) => sink === spec.name);
    const producer = written && names.has(written.sink!) ? startAfterSink(spec, written.sink!) : spec;
    return read ? asSinkService(producer, read.name) : producer;
  });
}

function startAfterSink(spec: ServiceSpec, sink: string): ServiceSpec {
  if (sink === spec.name || spec.dependsOn.some(({ service }) => service === sink)) return spec;
  const dependency = { service: sink, condition: 'started', onLoss: 'ignore' } as Dependency;
  return { ...spec, dependsOn: [...spec.dependsOn, dependency] };
}

/** The grace period holds for reading to the end as well. */
function asSinkService({ specHash: _, ...spec }: ServiceSpec, queue: string): ServiceSpec {
  const drain = { by: { kind: 'end_of_input', queue }, timeoutMs: spec.stop.graceMs } as const;
  const sink = { ...spec, stdin: true, stop: { ...spec.stop, drain } };
  return { ...sink, specHash: specHash(sink) };
}
