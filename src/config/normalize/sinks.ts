// Services that read a log queue: their stdin, their way to an end, and who starts after them. What is wrong with a sink
// is told by checks/sinks.ts.
import type { Dependency, LogQueueSpec, ServiceSpec } from '../../core/model.ts';
import { specHash } from '../spec-hash.ts';

/** @param queues a sink that is no service, or reads two queues, is left to the checks */
export function connectSinks(services: ServiceSpec[], queues: readonly LogQueueSpec[]): ServiceSpec[] {
  const sinks = queues.filter(({ sink }) => sink !== null);
  if (sinks.length === 0) return services;
  const names = new Set<string>(services.map(({ name }) => name));
  return services.map((spec) => {
    const written = sinks.find(({ name }) => name === spec.logQueue);
    const read = sinks.find(({ sink }) => sink === spec.name);
    const producer = written && names.has(written.sink!) ? afterSink(spec, written.sink!) : spec;
    return read ? asSink(producer, read.name) : producer;
  });
}

function afterSink(spec: ServiceSpec, sink: string): ServiceSpec {
  if (sink === spec.name || spec.dependsOn.some(({ service }) => service === sink)) return spec;
  const dependency = { service: sink, condition: 'started', onLoss: 'ignore' } as Dependency;
  return { ...spec, dependsOn: [...spec.dependsOn, dependency] };
}

/** The grace period holds for reading to the end as well. */
function asSink({ specHash: _, ...spec }: ServiceSpec, queue: string): ServiceSpec {
  const drain = { by: { kind: 'end_of_input', queue }, timeoutMs: spec.stop.graceMs } as const;
  const sink = { ...spec, stdin: true, stop: { ...spec.stop, drain } };
  return { ...sink, specHash: specHash(sink) };
}
