// Where the keys that a plan names are written: `env.LOG_LEVEL` of a service -> file, line and column.
import type { FilePlace } from '../core/load-result.ts';
import type { BuiltConfig } from './build-config.ts';
import { effectiveTree, isBuiltIn } from './effective.ts';
import { oneLine } from './problem/problem.ts';
import type { Span } from './problem/source-file.ts';
import { descend, placeOf } from './tree/tree.ts';

/**
 * @param service or `log_queues.NAME`, or `policy.KEY`
 * @param key as in a plan; of a value that is written in a shorter form (`restart: never`), the place of that form
 * @returns null: it is not written, a default counts
 */
export type FindPlace = (service: string, key: string) => FilePlace | null;

export function keyPlaces(built: BuiltConfig): FindPlace {
  const tree = effectiveTree(built, { defaults: false });
  return (service, key) => {
    const parent = parentOf(service);
    const steps = key.split('.');
    // The line of the service would say nothing about the key.
    if (descend(tree, [...parent, steps[0]!]).entry?.key !== steps[0]) return null;
    return placeAt(placeOf(tree, [...parent, ...steps]));
  };
}

function parentOf(service: string): string[] {
  if (service.startsWith('policy.')) return ['policy'];
  return service.startsWith('log_queues.') ? service.split('.') : ['services', service];
}

function placeAt(at: Span): FilePlace | null {
  return isBuiltIn(at) ? null : { file: oneLine(at.source.display), ...at.source.locate(at.start) };
}
