// What the files of the project say about a service: its values with their places, and what depends on what.
import { resolve } from 'node:path';
import type { Client } from '../../api/client.ts';
import type { Status } from '../../api/protocol.ts';
import type { BuiltConfig } from '../../config/build-config.ts';
import type { LoadedTree } from '../../config/load-config.ts';
import type { Tree } from '../../config/tree/tree.ts';
import type { PlaceOf } from '../../config/value-places.ts';
import type { DetailRow } from '../../tui/model/details.ts';
import { runningConfiguration } from '../context/configuration.ts';
import type { CliContext } from '../context/context.ts';

export type DetailsContext = Pick<CliContext, 'file' | 'env' | 'environment' | 'stateDir'>;

/** @returns null while the files on disk are not valid. */
export async function readConfigured(context: DetailsContext, client: Client): Promise<BuiltConfig | null> {
  return (await readTree(context, client)).built;
}

/** The files of what runs, as they are on disk now. `file`: the main one, absolute. */
export async function readTree(context: DetailsContext, client: Client): Promise<LoadedTree & { file: string }> {
  const { loadTree } = await import('../../config/load-config.ts');
  const { file, env, environment, stateDir } = context;
  const request = { file, env, environment, stateDir, ...(await runningConfiguration(client, environment)) };
  return { ...(await loadTree(request)), file: resolve(request.file) };
}

/** Every value that is written, secrets masked; `command`, `env.PORT`, `readiness.http`. */
export async function configurationRows(service: string, built: BuiltConfig | null): Promise<DetailRow[]> {
  if (built === null) return [{ label: 'files', value: 'not valid at the moment: see `orch validate`' }];
  const [{ effectiveTree }, { toMaskedPlain }, { readPlaces }] = await Promise.all([
    import('../../config/effective.ts'),
    import('../../config/print-yaml.ts'),
    import('../../config/value-places.ts'),
  ]);
  const whole = effectiveTree(built, { defaults: false });
  const services = whole.entries.get('services')?.value;
  const tree = services?.kind === 'map' ? services.entries.get(service)?.value : undefined;
  if (tree === undefined) return [{ label: 'files', value: 'it is not declared any more' }];
  return valueRows(tree, toMaskedPlain(tree, 'services', service), await readPlaces(whole));
}

function valueRows(tree: Tree, plain: unknown, placeOf: PlaceOf, path = ''): DetailRow[] {
  if (tree.kind === 'map' && tree.entries.size > 0) {
    return [...tree.entries.values()].flatMap(({ key, value }) => {
      const below = (plain as Record<string, unknown>)[key];
      return valueRows(value, below, placeOf, path === '' ? key : `${path}.${key}`);
    });
  }
  const place = placeOf(tree.at);
  const value = typeof plain === 'string' ? plain : JSON.stringify(plain);
  return [{ label: path, value, from: place === null ? 'default' : `${place.file}:${place.line}` }];
}

/** Both ways, with the states of the other services now. */
export function dependencyRows(service: string, status: Status, built: BuiltConfig | null): DetailRow[] {
  const specs = built?.config.services ?? [];
  const needs = specs.find(({ name }) => name === service)?.dependsOn ?? [];
  const needed = specs.flatMap(({ name, dependsOn }) =>
    dependsOn.filter((each) => each.service === service).map(({ condition }) => ({ name, condition })),
  );
  const now = (name: string) => statesOf(name, status);
  return [
    ...needs.map((each) => ({
      label: 'needs',
      value: `${each.service} to be ${each.condition}; now: ${now(each.service)}`,
    })),
    ...needed.map(({ name, condition }) => ({
      label: 'needed by',
      value: `${name}, once ${condition}; now: ${now(name)}`,
    })),
  ];
}

/** `3 ready, 1 backoff` */
function statesOf(name: string, { services }: Status): string {
  const instances = services.find((each) => each.name === name)?.instances ?? [];
  const counts = new Map<string, number>();
  for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${state}`).join(', ') || 'no instance';
}
