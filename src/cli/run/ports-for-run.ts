// The ports that a program of `orch run` gets: its own PORT, which no instance uses, and those of the services it refers to.
import { readFileSync } from 'node:fs';
import type { Client } from '../../api/client.ts';
import { noncePrefix, type ProjectPaths } from '../../api/paths.ts';
import { parsePortReference, referencedPort } from '../../core/ports.ts';
import { type InstanceId, instanceId, type ProjectConfig, type ServiceSpec } from '../../core/spec.ts';
import { choosePort } from '../../launch/run-port.ts';

export type PortsForRun = {
  portOf(name: string): string | undefined;
  /** A sentence about a port that is not as declared; null: it is. */
  note: string | null;
};

type PortPlace = { client: Client | null; paths: ProjectPaths; set: Record<string, string> };

export async function portsForRun(config: ProjectConfig, spec: ServiceSpec, place: PortPlace): Promise<PortsForRun> {
  const known = await knownPorts(place);
  const services = new Map(config.services.map((service) => [service.name, service]));
  const own = spec.port === null ? null : ownPort(spec, known, place);
  const portOf = (name: string): string | undefined => {
    const service = parsePortReference(name)?.service;
    if (name === 'PORT' || service === spec.name) return own?.port;
    const value = referencedPort(name, { services, ports: known });
    return value?.includes('auto') ? undefined : value; // not chosen yet
  };
  return { portOf, note: own?.note ?? null };
}

function ownPort(spec: ServiceSpec, known: ReadonlyMap<InstanceId, number>, { paths, set }: PortPlace) {
  if (set.PORT !== undefined) return { port: set.PORT, note: null };
  const first = typeof spec.port === 'number' ? spec.port : (known.get(instanceId(spec.name, 1)) ?? null);
  const chosen = choosePort(first, new Set(known.values()), noncePrefix(paths.path));
  const port = chosen === null ? undefined : String(chosen);
  const differs = typeof spec.port === 'number' && chosen !== spec.port;
  return { port, note: differs ? `port ${spec.port} is in use: PORT is ${port ?? 'not set'} for this run` : null };
}

/** Of instances: that of the supervisor, or that which the last one left for the next. */
async function knownPorts({ client, paths }: PortPlace): Promise<Map<InstanceId, number>> {
  if (!client) return keptPorts(paths);
  const { services } = await client.request('status', {});
  const instances = services.flatMap((service) => service.instances);
  return new Map(instances.flatMap(({ id, port }) => (port ? [[id as InstanceId, port]] : [])));
}

function keptPorts({ portsFile }: ProjectPaths): Map<InstanceId, number> {
  try {
    const ports = JSON.parse(readFileSync(portsFile, 'utf8')) as Record<string, number>;
    return new Map(Object.entries(ports)) as Map<InstanceId, number>;
  } catch {
    return new Map(); // no supervisor was here, or it chose none
  }
}
