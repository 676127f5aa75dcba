// Probes and drains of a pool that ask an address which all instances share: any of them may answer.

import type { PortTable } from '../../core/desired.ts';
import type { Problem } from '../../core/load-result.ts';
import { portOf, referencedPort } from '../../core/ports.ts';
import { type InstanceId, type Probe, type ProjectConfig, parseInstanceId, type ServiceSpec } from '../../core/spec.ts';
import { problemAt, quote } from '../problem/problem.ts';
import { instanceVariables, lastIndexOf } from '../tree/instance-variables.ts';
import { expandTemplate } from '../tree/template.ts';
import { descend, type Tree } from '../tree/tree.ts';

/** Ports that are chosen at the start (`port: auto`) are never the same. */
const DISTINCT_PORTS = { get: (id: InstanceId) => parseInstanceId(id)!.index } as PortTable;

type Asked = { template: string; path: string[]; placeOf(address: string): string | null };
/** `path`: of the key that names the address, within its service. */
export type SharedAddress = { spec: ServiceSpec; path: string[]; message: string; hint: string };

export function checkSharedAddresses(config: ProjectConfig, tree: Tree): Problem[] {
  return findSharedAddresses(config).map(({ spec, path, message, hint }) => {
    const { at } = descend(tree, ['services', spec.name, ...path]).tree;
    return problemAt(at, { code: 'shared-address', message, hint });
  });
}

/** Extra instances of a roll-out count as well. Addresses of other machines are not judged. */
export function findSharedAddresses(config: ProjectConfig, services = config.services): SharedAddress[] {
  const pools = services.filter((spec) => spec.pool > 0 && lastIndexOf(spec) > 1);
  return pools.flatMap((spec) =>
    askedBy(spec).flatMap((asked) => {
      const [first, second] = [1, 2].map((index) => placeFor(asked, spec, index, config));
      if (!first || first !== second) return [];
      return [sharedAddress(spec, asked, first)];
    }),
  );
}

function sharedAddress(spec: ServiceSpec, { path }: Asked, place: string): SharedAddress {
  const count = lastIndexOf(spec);
  const extra = count > spec.pool ? ` (with \`max_surge\`, up to ${count})` : '';
  const message = `all instances of ${quote(spec.name)}${extra} would be asked at ${place}, where any of them may answer`;
  const own = `ask a port of each instance: \`port: N\` and \`$\{PORT}\``;
  const hint =
    path[0] === 'stop' ? `${own}; or use \`signal\` or \`exec\`` : `use \`notify\`, \`log\` or \`exec\`; or ${own}`;
  return { spec, path, message, hint };
}

function askedBy({ startup, readiness, liveness, stop }: ServiceSpec): Asked[] {
  const by = stop.drain?.by;
  const drain = by?.kind === 'http' ? [{ template: by.url, path: ['stop', 'drain', 'http'], placeOf: placeOfUrl }] : [];
  const probes = Object.entries({ startup, readiness, liveness });
  return [...probes.flatMap(([key, probe]) => (probe === null ? [] : askedByProbe(probe, key))), ...drain];
}

function askedByProbe({ checks }: Probe, key: string): Asked[] {
  return checks.flatMap((check): Asked[] => {
    if (check.kind === 'http') return [{ template: check.url, path: [key, 'http', 'url'], placeOf: placeOfUrl }];
    if (check.kind === 'tcp') return [{ template: check.address, path: [key, 'tcp'], placeOf: placeOfAddress }];
    return check.kind === 'unix' ? [{ template: check.path, path: [key, 'unix'], placeOf: (path) => path }] : [];
  });
}

/** @returns null for another machine, and for an address that cannot be filled in, which is reported elsewhere. */
function placeFor(
  { template, placeOf }: Asked,
  spec: ServiceSpec,
  index: number,
  config: ProjectConfig,
): string | null {
  const services = new Map(config.services.map((each) => [each.name, each]));
  const own = instanceVariables(spec, index, config, portOf(spec, index, DISTINCT_PORTS));
  const lookup = (name: string) => referencedPort(name, { services, ports: DISTINCT_PORTS });
  const expansion = expandTemplate(template, own, lookup);
  return expansion.ok ? placeOf(expansion.text) : null;
}

function placeOfUrl(text: string): string | null {
  try {
    const { protocol, hostname, port } = new URL(text);
    return localPort(hostname, port || (protocol === 'https:' ? '443' : '80'));
  } catch {
    return null; // not a URL, which is reported elsewhere
  }
}

function placeOfAddress(text: string): string | null {
  const colon = text.lastIndexOf(':');
  return localPort(colon === -1 ? 'localhost' : text.slice(0, colon), text.slice(colon + 1));
}

const LOCAL = /^(?:(?:.*\.)?localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|::1?)$/i;

const localPort = (host: string, port: string): string | null => (LOCAL.test(host) ? `port ${port}` : null);
