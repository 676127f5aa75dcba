// Values that the schema cannot judge alone: addresses with their variables filled in, keys without a value, and variables of
// an instance in keys that are the same for all instances.

import type { PortTable } from '../../core/desired.ts';
import type { Problem } from '../../core/load-result.ts';
import { portOf, referencedPort } from '../../core/ports.ts';
import type { Probe, ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import type { Span } from '../problem/source-file.ts';

import { differsByInstance, instanceVariables, LAST_PORT, lastIndexOf } from '../tree/instance-variables.ts';
import { expandTemplate, variablesOf } from '../tree/template.ts';
import { childOf, descend, entriesOf, type MapTree, type Tree } from '../tree/tree.ts';

/** A port that is valid, for those that are not chosen yet. */
const anyPorts = { get: () => 20_000 } as unknown as PortTable;

/** Addresses of probes and drains, for the first and the last instance: a port may be valid for one of them only. */
export function checkAddresses(config: ProjectConfig, tree: Tree): Problem[] {
  return config.services.flatMap((spec) =>
    addressesOf(spec).flatMap((address) => {
      const message = addressMessage(address, spec, config);
      const { at } = descend(tree, ['services', spec.name, ...address.path]).tree;
      return message === null ? [] : [problemAt(at, { code: 'bad-value', message, hint: address.kind.hint })];
    }),
  );
}

type AddressKind = { noun: string; hint: string; isValid(text: string): boolean };
type AddressTemplate = { template: string; path: string[]; kind: AddressKind };

const probeUrl: AddressKind = {
  noun: 'a valid HTTP URL',
  hint: 'for example "http://127.0.0.1:$' + '{PORT}/healthz"',
  isValid: isHttpUrl,
};
const drainUrl: AddressKind = { ...probeUrl, hint: 'for example "http://127.0.0.1:8000/drain"' };
const tcpAddress: AddressKind = {
  noun: 'a port or host:port',
  hint: 'for example `tcp: "$' + '{PORT}"`',
  isValid: isTcpAddress,
};

function addressesOf({ startup, readiness, liveness, stop }: ServiceSpec): AddressTemplate[] {
  const by = stop.drain?.by;
  const drain = by?.kind === 'http' ? [{ template: by.url, path: ['stop', 'drain', 'http'], kind: drainUrl }] : [];
  const probes = Object.entries({ startup, readiness, liveness });
  return [...probes.flatMap(([key, probe]) => (probe ? probeAddresses(probe, key) : [])), ...drain];
}

function probeAddresses({ checks }: Probe, key: string): AddressTemplate[] {
  return checks.flatMap((check): AddressTemplate[] => {
    if (check.kind === 'http') return [{ template: check.url, path: [key, 'http', 'url'], kind: probeUrl }];
    return check.kind === 'tcp' ? [{ template: check.address, path: [key, 'tcp'], kind: tcpAddress }] : [];
  });
}

/** @returns null for a valid address, and for one that cannot be filled in, which is reported elsewhere. */
function addressMessage({ template, kind }: AddressTemplate, spec: ServiceSpec, config: ProjectConfig): string | null {
  const wrong = `${quote(template)} is not ${kind.noun}`;
  const services = new Map(config.services.map((each) => [each.name, each]));
  for (const index of new Set([1, Math.max(1, lastIndexOf(spec))])) {
    const own = instanceVariables(spec, index, config, portOf(spec, index, anyPorts));
    const expansion = expandTemplate(template, own, (name) => referencedPort(name, { services, ports: anyPorts }));
    if (!expansion.ok || kind.isValid(expansion.text)) continue;
    const isSame = expansion.text === template;
    return isSame ? wrong : `${wrong} for ${spec.name}.${index}, where it is ${quote(expansion.text)}`;
  }
  return null;
}

function isHttpUrl(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol);
  } catch {
    return false; // TypeError: not a URL
  }
}

function isTcpAddress(text: string): boolean {
  const port = /^(?:\[[^\]]+\]:|[^:[\]]+:)?(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= LAST_PORT;
}

/** `key:` without a value: a sign of a torn file or a forgotten value, and never taken for null. */
export function findEmptyValues(tree: Tree): Problem[] {
  const problems: Problem[] = [];
  addEmptyValues(tree, problems);
  return problems;
}

function addEmptyValues(tree: Tree, problems: Problem[]): void {
  if (tree.kind === 'list') {
    for (const item of tree.items) {
      if (isEmptyScalar(item)) problems.push(emptyItem(item));
      else addEmptyValues(item, problems);
    }
  } else if (tree.kind === 'map') {
    for (const { key, keyAt, value } of tree.entries.values()) {
      if (isEmptyScalar(value)) problems.push(emptyValue(key, keyAt));
      else addEmptyValues(value, problems);
    }
  }
}

const isEmptyScalar = (tree: Tree): boolean => tree.kind === 'scalar' && tree.style === 'empty';

function emptyValue(key: string, at: Span): Problem {
  return problemAt(at, { code: 'empty-value', message: `${quote(key)} has no value`, hint: emptyHint(key) });
}

function emptyItem(item: Tree): Problem {
  return problemAt(item.at, {
    code: 'empty-value',
    message: 'this list item has no value',
    hint: 'remove it, or write "" for an empty string',
  });
}

function emptyHint(key: string): string {
  if (key === 'services') return 'to declare no services, write `services: {}`';
  return `write a value, or \`${key}: null\` to remove the value of other files and \`defaults\``;
}

/** Keys with one value for a whole service or queue. `*` is any key. The schema refuses variables in durations and words. */
const LITERAL_PLACES = [
  'log_queues.*.path',
  'services.*.singleton.key',
  'services.*.singleton.pid_file',
  'services.*.env_files',
  'services.*.watch.paths',
  'services.*.watch.ignore',
].map((place) => place.split('.'));

/** @param tree with its `defaults` applied */
export function checkLiterals(tree: MapTree): Problem[] {
  return LITERAL_PLACES.flatMap((place) =>
    treesAt(tree, place).flatMap((found) => rejectVariables(found, place.slice(2).join('.'))),
  );
}

function treesAt(tree: Tree, [key, ...rest]: string[]): Tree[] {
  if (key === undefined) return tree.kind === 'list' ? tree.items : [tree];
  if (key === '*') return entriesOf(tree).flatMap(({ value }) => treesAt(value, rest));
  const child = childOf(tree, key);
  return child ? treesAt(child, rest) : [];
}

function rejectVariables(tree: Tree, key: string): Problem[] {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'string') return [];
  const variable = variablesOf(tree.value).find(({ name }) => differsByInstance(name));
  if (!variable) return [];
  const message = `\`${key}\` is the same for all instances, but ${quote(variable.name)} is not`;
  const hint = 'of the variables that orch sets, only ORCH_ENV and ORCH_PROJECT are available here';
  return [problemAt(tree.at, { code: 'bad-value', message, hint })];
}
