// The ports of instances with `port: auto`: chosen once, and kept over restarts, edits and supervisors. An instance gets
// another one only where its own is in use when it is to start. No I/O: the kernel's effects try the ports.
import { lastIndexOf } from '../../config/tree/instance-variables.ts';
import type { Desired, PortTable } from '../../core/desired.ts';
import type { Slot } from '../../core/slot.ts';
import { type InstanceId, instanceId, parseInstanceId, type ServiceSpec } from '../../core/spec.ts';
import type { SupervisorContext } from './supervisor-context.ts';

/** The TCP ports of the machine. */
export type Ports = {
  /** @returns a free port that is not among `taken`; null: there is none. */
  choose(taken: ReadonlySet<number>): number | null;
  isFree(port: number): boolean;
};

export type PortReadiness = 'ready' | 'changed' | 'busy';

/** Ports of instances that are not declared any more are kept for when they come back, up to this number. */
const MAX_UNDECLARED = 256;

export class PortChoices {
  #machine: Ports;
  #journal: SupervisorContext['journal'];
  /** In the order of choice. */
  #ports = new Map<InstanceId, number>();
  #snapshot: PortTable | null = null;
  /** Of instances whose port was in use at their start: since when, after which incarnation. */
  #busy = new Map<InstanceId, { after: string; sinceMs: number }>();
  /** Whether the ports of an earlier supervisor were tried. */
  #isTried = false;

  constructor(machine: Ports, journal: SupervisorContext['journal']) {
    this.#machine = machine;
    this.#journal = journal;
  }

  /** Not changed later: a desired state keeps the one that it was made with. */
  get table(): PortTable {
    this.#snapshot ??= new Map(this.#ports);
    return this.#snapshot;
  }

  restore(ports: Readonly<Record<string, number>>): void {
    for (const [id, port] of Object.entries(ports)) this.#set(id as InstanceId, port);
  }

  /** A process that was adopted has the port that it was given, whatever the table says. @returns whether the table said otherwise */
  learn({ id, spec }: Slot): boolean {
    const port = Number(spec?.ports?.PORT);
    if (!Number.isInteger(port) || this.#ports.get(id) === port) return false;
    this.#set(id, port);
    return true;
  }

  /** Chooses a port for each declared instance that has none, or whose port the file gives to another service. */
  assign(desired: Desired, slots: ReadonlyMap<InstanceId, Slot>): void {
    const specs = [...desired.services.values()].filter(({ port }) => port === 'auto');
    if (specs.length === 0) return;
    const reserved = declaredPorts(desired.services.values());
    for (const spec of specs) {
      for (let index = 1; index <= Math.max(1, spec.pool); index++) {
        const id = instanceId(spec.name, index);
        const port = this.#ports.get(id);
        // Dependents may start before it: a port that is in use must be replaced before they get it.
        const mustTry = !this.#isTried && desired.instances.get(id)?.run === true && !hasRun(slots.get(id));
        if (port !== undefined && !reserved.has(port) && !(mustTry && !this.#machine.isFree(port))) continue;
        this.#choose(
          id,
          reserved,
          port !== undefined && reserved.has(port) ? 'is declared for another service' : IN_USE,
        );
      }
    }
    this.#isTried = true;
    this.#forgetUndeclared(desired);
  }

  /**
   * Before a start.
   * @param slot undefined: it never ran
   * @returns `changed`: the instance got another port. `busy`: try again soon, its last process may not have closed it yet
   */
  prepareStart(
    { id, spec }: { id: InstanceId; spec: ServiceSpec },
    slot: Slot | undefined,
    desired: Desired,
    nowMs: number,
  ): PortReadiness {
    if (spec.port !== 'auto') return 'ready';
    const port = this.#ports.get(id);
    const reserved = declaredPorts(desired.services.values());
    if (port !== undefined && !reserved.has(port)) {
      if (this.#machine.isFree(port)) return 'ready';
      if (hasRun(slot) && this.#mayBecomeFree(slot, nowMs)) return 'busy';
    }
    return this.#choose(id, reserved, IN_USE) ? 'changed' : 'ready';
  }

  /** A process that was not our child counts as ended when its main thread has: the others may still have its sockets. */
  #mayBecomeFree({ id, lastNonce, restarts }: Slot, nowMs: number): boolean {
    const after = `${lastNonce} ${restarts}`;
    if (this.#busy.get(id)?.after !== after) this.#busy.set(id, { after, sinceMs: nowMs });
    return nowMs - (this.#busy.get(id)?.sinceMs ?? nowMs) < RELEASE_MS;
  }

  #choose(id: InstanceId, reserved: ReadonlySet<number>, because: string): boolean {
    const before = this.#ports.get(id);
    const port = this.#machine.choose(new Set([...reserved, ...this.#ports.values()]));
    if (port === null) return false;
    this.#set(id, port);
    if (before === undefined) return true;
    const message = `${id} gets port ${port}: its port ${before} ${because}`;
    this.#journal.report({ type: 'port_changed', instance: id, message, details: { from: before, to: port } });
    return true;
  }

  #set(id: InstanceId, port: number): void {
    this.#ports.delete(id);
    this.#ports.set(id, port);
    this.#snapshot = null;
  }

  /** The oldest first. */
  #forgetUndeclared({ services }: Desired): void {
    const undeclared = [...this.#ports.keys()].filter((id) => {
      const { service, index } = parseInstanceId(id)!;
      const spec = services.get(service);
      return spec?.port !== 'auto' || index > lastIndexOf(spec);
    });
    for (const id of undeclared.slice(0, Math.max(0, undeclared.length - MAX_UNDECLARED))) {
      this.#ports.delete(id);
      this.#snapshot = null;
    }
  }
}

const IN_USE = 'is in use';
/** How long the sockets of a process may outlive it on a busy machine, and how often to try meanwhile. */
const RELEASE_MS = 500;
export const PORT_RETRY_MS = 25;

/** It lives, or its last process may not have closed its port yet: that is tried at its start. */
const hasRun = (slot: Slot | undefined): slot is Slot => slot !== undefined && slot.spec !== null;

/** Ports that the file gives to a service. */
function declaredPorts(services: Iterable<ServiceSpec>): Set<number> {
  const ports = new Set<number>();
  for (const spec of services) {
    for (const address of spec.listen) if (address.kind === 'tcp') ports.add(address.port);
    if (typeof spec.port !== 'number' || !spec.enabled) continue;
    for (let index = 0; index < lastIndexOf(spec); index++) ports.add(spec.port + index);
  }
  return ports;
}
