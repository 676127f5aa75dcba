// The merged, expanded and valid tree -> ProjectConfig.
import { basename, resolve } from 'node:path';
import { type LogQueueSpec, queuesWrittenBy } from '../../core/log-queue-spec.ts';
import type { Dependency, ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { parseDurationMs, parseSizeBytes } from '../../units.ts';
import { quote } from '../problem/problem.ts';
import { DEFAULT_LOG_QUEUE, DEFAULT_QUEUE, defaultLogPath, sinkPath } from '../schema/defaults.ts';
import { specHash } from '../schema/spec-hash.ts';
import { mergeTrees, settled, withoutNulls, withoutReplacing } from '../tree/merge.ts';
import {
  childOf,
  entriesOf,
  integerOf,
  isNull,
  literalOf,
  type MapTree,
  type Tree,
  type TreeEntry,
  withEntry,
} from '../tree/tree.ts';
import { type NormalizeContext, reportBadValue } from './normalize-context.ts';
import { normalizeEditPolicy } from './normalize-policy.ts';
import { normalizeService } from './normalize-service.ts';

/** @param tree services with their `defaults` applied. Problems go to the context. */
export function normalizeProject(tree: Tree, env: string | null, context: NormalizeContext): ProjectConfig {
  const services = entriesOf(childOf(tree, 'services'))
    .map((entry) => normalizeService(entry, context))
    .filter((spec) => spec !== null);
  const logQueues = normalizeQueues(tree, services, context);
  const policy = normalizeEditPolicy(childOf(tree, 'policy'));
  const { project, root } = context;
  return { project, env, root, services: connectSinks(services, logQueues), logQueues, ...(policy && { policy }) };
}

/** The declared queues, and `default` when a service uses it. */
function normalizeQueues(tree: Tree, services: ServiceSpec[], context: NormalizeContext): LogQueueSpec[] {
  const declared = entriesOf(childOf(tree, 'log_queues'));
  const queues = declared.map(({ key, value }) => normalizeQueue(key, value, context));
  const needsDefault = services.some((spec) => queuesWrittenBy(spec).includes(DEFAULT_QUEUE));
  if (!needsDefault || declared.some(({ key }) => key === DEFAULT_QUEUE)) return queues;
  return [...queues, normalizeQueue(DEFAULT_QUEUE, undefined, context)];
}

/** `name`, or the folder's name with the characters that a name allows. */
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

/**
 * Merges `defaults` under every service. Keys that a null removes are gone afterwards, except in `env`: there the null still
 * has to remove what the project declares.
 */
export function applyDefaults(tree: MapTree): MapTree {
  const services = childOf(tree, 'services');
  if (services?.kind !== 'map') return tree;
  const defaults = childOf(tree, 'defaults');
  const whole = entriesOf(services)
    .filter(({ value }) => !isNull(value))
    .map((entry): [string, TreeEntry] => [entry.key, { ...entry, value: wholeService(entry.value, defaults) }]);
  return settled(keepEnv(withEntry(withoutNulls(tree), 'services', { ...services, entries: new Map(whole) }), tree));
}

function wholeService(service: Tree, defaults: Tree | undefined): Tree {
  // The defaults are not a layer of the files: a map that replaced another value there is merged like any other.
  const merged = defaults?.kind === 'map' ? mergeTrees(defaults, withoutReplacing(service)) : service;
  const bare = withoutNulls(merged);
  return bare.kind === 'map' ? keepEnv(bare, merged) : bare;
}

/** The map with the `env` that `written` has, nulls included. */
function keepEnv(map: MapTree, written: Tree): MapTree {
  const env = childOf(written, 'env');
  return env && !isNull(env) ? withEntry(map, 'env', env) : map;
}

const MIN_BYTES = 4096;
const MAX_CAPACITY_BYTES = 1024 ** 3;
/** A queue that feeds a service has no file. */
const NO_ROTATION: LogQueueSpec['rotate'] = { sizeBytes: 0, keep: 0, compress: 'none', everyMs: 0, totalBytes: 0 };

function normalizeQueue(name: string, tree: Tree | undefined, context: NormalizeContext): LogQueueSpec {
  const rotate = childOf(tree, 'rotate');
  const every = literalOf(childOf(rotate, 'every'));
  const sink = literalOf(childOf(childOf(tree, 'sink'), 'service'));
  return {
    name,
    path: sink === null ? queuePath(name, tree, context) : resolve(context.stateDir, sinkPath(sink)),
    sink,
    format: (literalOf(childOf(tree, 'format')) ?? DEFAULT_LOG_QUEUE.format) as LogQueueSpec['format'],
    rotate:
      sink !== null
        ? NO_ROTATION
        : {
            sizeBytes: sizeOf(childOf(rotate, 'size'), DEFAULT_LOG_QUEUE.rotate.size, context, { zeroMeans: 'never' }),
            keep: integerOf(childOf(rotate, 'keep')) ?? DEFAULT_LOG_QUEUE.rotate.keep,
            compress: (literalOf(childOf(rotate, 'compress')) ?? DEFAULT_LOG_QUEUE.rotate.compress) as 'gzip' | 'none',
            everyMs: every === null ? 0 : (parseDurationMs(every) ?? 0),
            totalBytes: sizeOf(childOf(rotate, 'total'), '0B', context, { zeroMeans: 'no cap' }),
            ...maxAgeOf(childOf(rotate, 'max_age')),
          },
    capacityBytes: sizeOf(childOf(tree, 'capacity'), DEFAULT_LOG_QUEUE.capacity, context, { max: MAX_CAPACITY_BYTES }),
    overflow: (literalOf(childOf(tree, 'overflow')) ?? DEFAULT_LOG_QUEUE.overflow) as LogQueueSpec['overflow'],
  };
}

function maxAgeOf(tree: Tree | undefined): Pick<LogQueueSpec['rotate'], 'maxAgeMs'> {
  return tree ? { maxAgeMs: parseDurationMs(literalOf(tree) ?? '') ?? 0 } : {};
}

function queuePath(name: string, tree: Tree | undefined, { root, stateDir }: NormalizeContext): string {
  const written = literalOf(childOf(tree, 'path'));
  return written === null ? resolve(stateDir, defaultLogPath(name)) : resolve(root, written);
}

type SizeBounds = { zeroMeans?: string; max?: number };

function sizeOf(
  tree: Tree | undefined,
  otherwise: string,
  context: NormalizeContext,
  { zeroMeans, max }: SizeBounds,
): number {
  const bytes = parseSizeBytes(literalOf(tree) ?? otherwise) ?? 0;
  if (!tree || (bytes === 0 && zeroMeans)) return bytes;
  const tooSmall = bytes < MIN_BYTES;
  if (!tooSmall && bytes <= (max ?? Number.MAX_SAFE_INTEGER)) return bytes;
  const message = `${quote(literalOf(tree) ?? '')} is too ${tooSmall ? 'small' : 'large'}`;
  const hint = tooSmall ? `at least 4KiB${zeroMeans ? `, or 0B: ${zeroMeans}` : ''}` : 'at most 1GiB';
  reportBadValue(context, tree, message, hint);
  return bytes;
}

/**
 * Gives a service that reads a log queue its stdin and its drain, and lets its producers start after it. A sink that is not a
 * service, or reads two queues, is reported by config/check/references.ts.
 */
function connectSinks(services: ServiceSpec[], queues: readonly LogQueueSpec[]): ServiceSpec[] {
  const sinks = queues.filter(({ sink }) => sink !== null);
  if (sinks.length === 0) return services;
  const names = new Set<string>(services.map(({ name }) => name));
  return services.map((spec) => {
    const written = sinks.filter(({ name }) => queuesWrittenBy(spec).includes(name));
    const read = sinks.find(({ sink }) => sink === spec.name);
    const known = written.filter(({ sink }) => names.has(sink!));
    const producer = known.reduce((after, { sink }) => startAfterSink(after, sink!), spec);
    return read ? asSinkService(producer, read.name) : producer;
  });
}

function startAfterSink(spec: ServiceSpec, sink: string): ServiceSpec {
  if (sink === spec.name || spec.dependsOn.some(({ service }) => service === sink)) return spec;
  const dependency = { service: sink, condition: 'started', onLoss: 'ignore' } as Dependency;
  return { ...spec, dependsOn: [...spec.dependsOn, dependency] };
}

/** Reading to the end gets the grace period as well. */
function asSinkService({ specHash: _, ...spec }: ServiceSpec, queue: string): ServiceSpec {
  const drain = { by: { kind: 'end_of_input', queue }, timeoutMs: spec.stop.graceMs } as const;
  const sink = { ...spec, stdin: true, stop: { ...spec.stop, drain } };
  return { ...sink, specHash: specHash(sink) };
}
