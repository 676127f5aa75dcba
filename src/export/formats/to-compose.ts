// A compose file: a container for each service (for each instance of a pool that has numbers), which runs its program in the
// directory of the project and in the network of this machine, as orch does.
import { Alias, isScalar, Pair, Scalar } from 'yaml';
import type { ServiceSpec } from '../../core/spec.ts';
import { nearly } from '../../import/model/loss-findings.ts';
import type { Plain, PlainMap } from '../../import/model/plain.ts';
import { printYaml, setComment, Table, toNode } from '../../import/output/yaml-layout.ts';
import type { ExportedProject, ExportedService } from '../model/exported-project.ts';
import type { ProjectRules } from '../model/report-keys.ts';
import { type Container, containersOf, fromFile, runsDocker } from './compose-containers.ts';
import { COMPOSE_KEYS } from './compose-keys.ts';
import { secretNames } from './compose-secrets.ts';
import { serviceKeys } from './compose-service.ts';

const ANCHOR = 'service';

function writeCompose(project: ExportedProject): Record<string, string> {
  const secrets = secretNames(project);
  const whole = project.services.map((service) => ({
    service,
    containers: containersOf(service.spec).map((container) => ({
      container,
      keys: { ...imageOf(service, project), ...serviceKeys(service, container, project, secrets) },
    })),
  }));
  const all = whole.flatMap(({ containers }) => containers.map(({ keys }) => keys));
  const shared = whole.length > 1 ? sharedKeys(all) : null;
  const services = new Table();
  for (const { service, containers } of whole)
    for (const pair of servicePairs(service, containers, shared)) {
      (pair.key as Scalar).spaceBefore = services.items.length > 0;
      services.add(pair);
    }
  services.flow = services.items.length === 0;
  const map = new Table();
  const add = (name: string, value: unknown): void => {
    const key = new Scalar(name);
    key.spaceBefore = map.items.length > 0;
    map.add(new Pair(key, value));
  };
  add('name', new Scalar(composeName(project.config.project)));
  if (shared) {
    const anchored = serviceNode(shared);
    anchored.anchor = ANCHOR;
    add(`x-${ANCHOR}`, anchored);
  }
  add('services', services);
  const files = [...secrets].map(([path, name]) => [name, { file: fromFile(path, project) }] as const);
  if (files.length > 0) add('secrets', toNode(Object.fromEntries(files), 0, ''));
  return { 'compose.yaml': printYaml(map) };
}

/** Of the names that both allow. */
const composeName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .replace(/^[_-]+/, '');

/** Built here, unless the image is known. */
function imageOf({ spec }: ExportedService, project: ExportedProject): PlainMap {
  const image = project.images[spec.name] ?? project.images[''];
  return image === undefined ? { build: fromFile(project.config.root, project) } : { image };
}

/** What all containers have, with the most frequent value: the others write their own. */
function sharedKeys(all: PlainMap[]): PlainMap {
  const keys = Object.keys(all[0]!).filter((key) => SHARABLE.has(key) && all.every((one) => one[key] !== undefined));
  return Object.fromEntries(
    keys.flatMap((key): [string, Plain][] => {
      const values = all.map((one) => one[key]!);
      const times = (value: Plain): number => values.filter((other) => isSame(other, value)).length;
      const best = values.reduce((one, other) => (times(other) > times(one) ? other : one));
      return times(best) > 1 ? [[key, best]] : [];
    }),
  );
}

const SHARABLE = new Set([
  ...['image', 'build', 'init', 'network_mode', 'volumes', 'working_dir', 'env_file', 'restart', 'logging'],
]);
const isSame = (one: Plain | undefined, other: Plain): boolean => JSON.stringify(one) === JSON.stringify(other);

type Written = { container: Container; keys: PlainMap };

/** The first instance of a pool in full, and what is different in the others. */
function servicePairs({ spec }: ExportedService, containers: Written[], shared: PlainMap | null): Pair[] {
  const [first, ...others] = containers as [Written, ...Written[]];
  const comments = [spec.title, ...(spec.description?.trim().split('\n') ?? [])].filter((line) => line !== null);
  const key = new Scalar(first.container.name);
  setComment(key, comments);
  const own = Object.entries(first.keys).filter(([name, value]) => !shared || !isSame(shared[name], value));
  const node = serviceNode(Object.fromEntries(own));
  if (shared) node.items.unshift(new Pair(new Scalar('<<'), new Alias(ANCHOR)));
  return [
    new Pair(key, node),
    ...others.map(({ container, keys }) => {
      const changed = { extends: { service: first.container.name }, ...differences(keys, first.keys) };
      return new Pair(new Scalar(container.name), toNode(changed, 0, ''));
    }),
  ];
}

function serviceNode(keys: PlainMap): Table {
  const node = toNode(keys, 0, '');
  const build = node.items.find(({ key }) => isScalar(key) && key.value === 'build')?.key;
  if (isScalar(build)) setComment(build, ['Needs a Dockerfile with the programs; `--image` names an image instead.']);
  return node;
}

/** `extends` merges maps. */
function differences(keys: PlainMap, base: PlainMap): PlainMap {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([key, value]): [string, Plain][] => {
      if (isSame(base[key], value)) return [];
      const isMap = key === 'environment' || key === 'healthcheck';
      return [[key, isMap ? differences(value as PlainMap, base[key] as PlainMap) : value]];
    }),
  );
}

const OF_PROJECT: ProjectRules = {
  name: undefined,
  log_queues: nearly('docker keeps the lines of each container, rotated by size: `docker compose logs`'),
};

export const compose = {
  tool: 'docker compose',
  write: writeCompose,
  rules: COMPOSE_KEYS,
  ofProject: OF_PROJECT,
  leavesOut: (spec: ServiceSpec): string | null =>
    runsDocker(spec) ? 'it runs docker itself: write its container into the compose file' : null,
};
