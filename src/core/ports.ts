// TCP ports of instances: fixed ones, those that are chosen when an instance needs one (`port: auto`), and where other
// services use them (`${api.port}`). Pure: `supervisor/kernel/port-table.ts` chooses.
import type { Desired, PortTable } from './desired.ts';
import { isOccupied, type Slot, type SlotSpec, slotSpecOf } from './slot.ts';
import { type InstanceId, instanceId, parseInstanceId, type ServiceName, type ServiceSpec } from './spec.ts';

/** What stands for a port that is not chosen yet: in a plan, which chooses none. */
const NOT_CHOSEN = 'auto';

type DeclaredPorts = Pick<Desired, 'services' | 'ports'>;

/** `api.port`: the port of the first instance; `api.ports`: those of the whole pool, with commas. */
const REFERENCE = /^([a-z0-9][a-z0-9_-]{0,62})\.(ports?)$/;

/** The references within any text. */
export const PORT_REFERENCES = /\$\{([a-z0-9][a-z0-9_-]{0,62}\.ports?)\}/g;

/** @returns null for the name of a variable */
export function parsePortReference(name: string): { service: ServiceName; kind: 'port' | 'ports' } | null {
  const match = REFERENCE.exec(name);
  return match ? { service: match[1] as ServiceName, kind: match[2] as 'port' | 'ports' } : null;
}

/** @returns the PORT of an instance; null: its service has none. */
export function portOf({ name, port }: Pick<ServiceSpec, 'name' | 'port'>, index: number, ports: PortTable) {
  if (port === null) return null;
  if (port === 'auto') return String(ports.get(instanceId(name, index)) ?? NOT_CHOSEN);
  return String(port + index - 1);
}

/** @returns what `${name}` stands for now; undefined: the service is not declared, or has no port. */
export function referencedPort(name: string, { services, ports }: DeclaredPorts): string | undefined {
  const reference = parsePortReference(name);
  const spec = reference && services.get(reference.service);
  if (!spec || spec.port === null) return undefined;
  if (reference.kind === 'port') return portOf(spec, 1, ports) ?? undefined;
  return Array.from({ length: spec.pool }, (_, index) => portOf(spec, index + 1, ports)).join(',');
}

/** What a slot remembers of an instance that is started now: its spec, and the ports that its process is given. */
export function startedSpec(spec: ServiceSpec, id: InstanceId, declared: DeclaredPorts): SlotSpec {
  const given = givenPorts(spec, id, declared);
  return given.length === 0 ? slotSpecOf(spec) : { ...slotSpecOf(spec), ports: Object.fromEntries(given) };
}

/** The chosen port as PORT, and the ports of others by the name of the reference. */
function givenPorts(spec: ServiceSpec, id: InstanceId, declared: DeclaredPorts): [name: string, value: string][] {
  const own = spec.port === 'auto' ? portOf(spec, parseInstanceId(id)!.index, declared.ports) : null;
  // A configuration from an earlier version has no such list.
  const used = (spec.usesPorts ?? []).flatMap((name): [string, string][] => {
    const value = referencedPort(name, declared);
    return value === undefined ? [] : [[name, value]];
  });
  return own === null ? used : [['PORT', own], ...used];
}

/**
 * Whether the process in the slot was given a port that is another one by now. What it was given is not always known: then
 * it is left alone.
 * @returns the sentence; null: its ports are as they were.
 */
export function whyPortsDiffer(slot: Slot, target: ServiceSpec, declared: DeclaredPorts): string | null {
  const given = slot.spec?.ports;
  if (!given) return null;
  for (const [name, value] of givenPorts(target, slot.id, declared)) {
    if (given[name] === undefined || given[name] === value) continue;
    const reference = parsePortReference(name);
    return reference ? `the port of ${reference.service}, which it uses, changed` : 'its port changed';
  }
  return null;
}

/**
 * What a variable or reference (`PORT`, `api.port`) stands for in the commands of an instance: what its process was given,
 * else what it would be given now.
 * @returns undefined: not known
 */
export function portIn(slot: Slot | undefined, id: InstanceId, name: string, declared: DeclaredPorts) {
  const value =
    slot?.spec?.ports?.[name] ?? (name === 'PORT' ? declared.ports.get(id) : referencedPort(name, declared));
  return value === undefined || value === NOT_CHOSEN ? undefined : String(value);
}

/** The port of the process in the slot, or of the next one. @param spec of that version; null: not known. */
export function shownPort(slot: Slot, spec: ServiceSpec | null, ports: PortTable): number | null {
  const given = slot.spec?.ports?.PORT;
  // A process of another project that was adopted may have another one.
  if (given === undefined && spec?.port === 'auto' && isOccupied(slot)) return null;
  const port = given ?? (spec && portOf(spec, slot.index, ports));
  return port === null || port === NOT_CHOSEN ? null : Number(port);
}
