// Whether the answer to a probe or a drain comes from the instance itself: by the socket that listens at the address, and the
// processes that hold it. Looks it up once for each incarnation and check, and again after a failure. Signals nothing.
import { printAddress } from '../../core/print-address.ts';
import { type Incarnation, isOccupied, type Slot } from '../../core/slot.ts';
import type { InstanceId, ProbeResult, ServiceSpec } from '../../core/spec.ts';
import type { AnswerCheck } from '../../os/probe/answer-check.ts';
import { type Endpoint, type Listener, listenersAt } from '../../os/sockets/listeners.ts';
import {
  describeProcess,
  describeUser,
  findHolders,
  type HeldSocket,
  isContainerForwarder,
  isStillHeld,
  socketsOf,
  withDescendants,
} from '../../os/sockets/socket-holders.ts';
import { sweepTree } from '../../os/tree/sweep.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { EarlierListeners } from './earlier-listeners.ts';

/** `own`: by this descriptor. `unknown`: it cannot be told; the answer counts. `shared`: with another instance or process. */
type AnswerOwner =
  | { kind: 'own'; held: HeldSocket }
  | { kind: 'unknown' }
  | { kind: 'shared'; because: string }
  | { kind: 'other'; because: string };
/** `seenMs`: when its socket was seen last. */
type Known = { finding: AnswerOwner; sharings: number; seenMs: number };
export type OwnAnswerCheck = AnswerCheck & {
  /** An attempt has failed: the next one looks again. */
  forget(): void;
};

/** A socket is looked at this often while no attempt fails. */
const SEEN_FOR_MS = 5_000;
const UNKNOWN: AnswerOwner = { kind: 'unknown' };

export class OwnAnswers {
  #context: SupervisorContext;
  #earlier: EarlierListeners;
  /** Grows with each address that is found to be shared: what was found before may not hold any more. */
  #sharings = 0;
  constructor(context: SupervisorContext, earlier: EarlierListeners) {
    this.#context = context;
    this.#earlier = earlier;
  }

  /** @param countsShared whether an answer counts that may come from another instance as well */
  of(slot: Slot, process: Incarnation, spec: ServiceSpec, countsShared: boolean): OwnAnswerCheck {
    let known: Known | null = null;
    return {
      isKnown: () => {
        if (known === null || known.sharings !== this.#sharings) return false;
        const { finding } = known;
        if (finding.kind !== 'own') return finding.kind === 'unknown';
        const nowMs = performance.now();
        if (nowMs - known.seenMs < SEEN_FOR_MS) return true;
        known.seenMs = nowMs;
        return isStillHeld(finding.held);
      },
      check: async (at): Promise<ProbeResult> => {
        // No descriptor is left to look with: nothing is known now.
        const finding = await this.#find(at, slot, process, spec).catch(() => UNKNOWN);
        known = { finding, sharings: this.#sharings, seenMs: performance.now() };
        const counts =
          finding.kind === 'own' || finding.kind === 'unknown' || (finding.kind === 'shared' && countsShared);
        return counts ? { ok: true } : { ok: false, because: finding.because };
      },
      forget: () => {
        known = null;
      },
    };
  }

  async #find(at: Endpoint, slot: Slot, process: Incarnation, spec: ServiceSpec): Promise<AnswerOwner> {
    const listeners = listenersAt(at);
    if (listeners.length === 0) return UNKNOWN;
    const tree = await findInTree(process, listeners);
    const [held] = tree.held;
    if (held === undefined) return tree.isWhole ? this.#findOther(at, listeners, slot.id, process) : UNKNOWN;
    const sibling = isKept(spec, at) ? this.#siblingOf(slot) : null;
    if (sibling !== null) return this.#shared(at, `${sibling}: \`listen\` gives both the same socket`);
    const other =
      at.kind === 'tcp' ? listeners.find(({ inode }) => tree.held.every((one) => one.inode !== inode)) : null;
    if (!other) return { kind: 'own', held };
    return this.#shared(at, await describeHolder(other));
  }

  #shared(at: Endpoint, sharer: string): AnswerOwner {
    this.#sharings++;
    return { kind: 'shared', because: `${nameOf(at)} is shared with ${sharer}` };
  }

  /** Another instance of its service that may accept on the same kept socket. */
  #siblingOf({ id, service }: Slot): string | null {
    for (const other of this.#context.specs.slots.values()) {
      if (other.service === service && other.id !== id && isOccupied(other)) return other.id;
    }
    return null;
  }

  /** The answer does not come from its tree. */
  async #findOther(at: Endpoint, listeners: Listener[], id: InstanceId, { nonce }: Incarnation): Promise<AnswerOwner> {
    const [listener] = listeners.filter(({ isRelative }) => !isRelative);
    if (listener === undefined) return UNKNOWN;
    const [pid] = await findHolders(listener.inode);
    if (pid !== undefined && !isContainerForwarder(pid))
      return { kind: 'other', because: `${nameOf(at)} is held by ${describeProcess(pid)}` };
    // A process of another user shows nothing: the proxy of a container engine, which began after the start, or a stranger.
    if (!this.#earlier.hasSocket(id, nonce, listener.inode)) return UNKNOWN;
    return { kind: 'other', because: `${nameOf(at)} is held by ${nameHolder(pid, listener)}` };
  }
}

/** @returns such as `pid 4711 (node srv.js, in /srv/demo)`, or `a process of user postgres` */
export async function describeHolder(listener: Listener): Promise<string> {
  const [pid] = await findHolders(listener.inode);
  return nameHolder(pid, listener);
}

const nameHolder = (pid: number | undefined, { uid }: Listener): string =>
  pid === undefined ? `a process of ${describeUser(uid)}` : describeProcess(pid);

const nameOf = (at: Endpoint): string => (at.kind === 'tcp' ? `port ${at.port}` : at.path);

function isKept({ listen }: ServiceSpec, at: Endpoint): boolean {
  return listen.some((address) =>
    address.kind === 'tcp' ? at.kind === 'tcp' && at.port === address.port : printAddress(address) === nameOf(at),
  );
}

/** `isWhole`: every process of the tree could be inspected. */
type TreeSockets = { held: HeldSocket[]; isWhole: boolean };

/** Descendants first, as they are found at once; then what was orphaned or left the session. */
export async function findInTree(process: Incarnation, listeners: Listener[]): Promise<TreeSockets> {
  const near = heldBy(withDescendants(process.pid), listeners);
  if (near.held.length > 0) return near;
  return heldBy(
    (await sweepTree(process)).map(({ pid }) => pid),
    listeners,
  );
}

function heldBy(pids: number[], listeners: Listener[]): TreeSockets {
  const inodes = new Set(listeners.map(({ inode }) => inode));
  const sockets = pids.map(socketsOf);
  const held = sockets.flatMap((some) => (some ?? []).filter(({ inode }) => inodes.has(inode)));
  return { held, isWhole: sockets.every((some) => some !== null) };
}

/** Whether it matters which sockets listened before an instance starts. */
export function usesPorts({ port, startup, readiness, liveness, stop }: ServiceSpec): boolean {
  const checks = [startup, readiness, liveness].flatMap((probe) => probe?.checks ?? []);
  return (
    port !== null || stop.drain?.by.kind === 'http' || checks.some(({ kind }) => kind === 'http' || kind === 'tcp')
  );
}
