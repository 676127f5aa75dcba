// Addresses of probes and drains, with the variables of the first and of the last instance filled in: what is fine for one
// may be none for the other.
import type { Probe, Problem, ProjectConfig, ServiceSpec } from '../../core/model.ts';
import { instanceVariables, LAST_PORT, lastIndexOf } from '../instance-variables.ts';
import { problemAt, quote } from '../problem.ts';
import { expandTemplate } from '../template.ts';
import { descend, type Tree } from '../tree/tree.ts';

/** @param tree the merged tree that the configuration was made of, for places */
export function checkAddresses(config: ProjectConfig, tree: Tree): Problem[] {
  return config.services.flatMap((spec) =>
    addressesOf(spec).flatMap((address) => {
      const message = complaint(address, spec, config);
      const { at } = descend(tree, ['services', spec.name, ...address.path]).tree;
      return message === null ? [] : [problemAt(at, { code: 'bad-value', message, hint: address.kind.hint })];
    }),
  );
}

type Kind = { noun: string; hint: string; fits(text: string): boolean };
type Address = { template: string; path: string[]; kind: Kind };

const probeUrl: Kind = {
  noun: 'http URL',
  hint: 'for example "http://127.0.0.1:$' + '{PORT}/healthz"',
  fits: isHttpUrl,
};
const drainUrl: Kind = { ...probeUrl, hint: 'for example "http://127.0.0.1:8000/drain"' };
const tcp: Kind = {
  noun: 'port and no host:port',
  hint: 'for example `tcp: "$' + '{PORT}"`',
  fits: isTcpAddress,
};

function addressesOf({ startup, readiness, liveness, stop }: ServiceSpec): Address[] {
  const by = stop.drain?.by;
  const drain = by?.kind === 'http' ? [{ template: by.url, path: ['stop', 'drain', 'http'], kind: drainUrl }] : [];
  const probes = Object.entries({ startup, readiness, liveness });
  return [...probes.flatMap(([key, probe]) => (probe ? probedBy(probe, key) : [])), ...drain];
}

function probedBy({ checks }: Probe, key: string): Address[] {
  return checks.flatMap((check): Address[] => {
    if (check.kind === 'http') return [{ template: check.url, path: [key, 'http', 'url'], kind: probeUrl }];
    return check.kind === 'tcp' ? [{ template: check.address, path: [key, 'tcp'], kind: tcp }] : [];
  });
}

/** @returns null where it fits, or cannot be filled in, which was told already. */
function complaint({ template, kind }: Address, spec: ServiceSpec, config: ProjectConfig): string | null {
  const wrong = `${quote(template)} is no ${kind.noun}`;
  for (const index of new Set([1, Math.max(1, lastIndexOf(spec))])) {
    const expansion = expandTemplate(template, instanceVariables(spec, index, config));
    if (!expansion.ok || kind.fits(expansion.text)) continue;
    const isSame = expansion.text === template;
    return isSame ? wrong : `${wrong} for ${spec.name}.${index}, where it is ${quote(expansion.text)}`;
  }
  return null;
}

function isHttpUrl(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol);
  } catch {
    return false; // not a URL at all
  }
}

function isTcpAddress(text: string): boolean {
  const port = /^(?:\[[^\]]+\]:|[^:[\]]+:)?(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= LAST_PORT;
}
