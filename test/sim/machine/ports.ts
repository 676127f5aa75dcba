// The listening sockets of the simulated machine: which process holds which port, programs of other people included.
import type { Machine } from './machine.ts';
import { type SimProcess, STRANGER } from './processes.ts';

/** `shares`: by SO_REUSEPORT; otherwise nothing else can listen there. */
type Stranger = { process: SimProcess; shares: boolean };

export class Ports {
  #machine: Machine;
  #strangers = new Map<number, Stranger>();
  #freeSinceMs = new Map<number, number>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** A program of another person listens at the port for a while. */
  take(port: number, process: SimProcess, forMs: number, shares = false): void {
    this.#strangers.set(port, { process, shares });
    this.#machine.note(
      () => `a stranger (pid ${process.pid}) listens at port ${port}${shares ? ', which it shares' : ''}`,
    );
    this.#machine.schedule.after(forMs, () => this.#leave(port, process));
  }

  /** As an operation of a scenario: not where the port is in use. */
  takeIfFree(port: number, forMs: number, shares: boolean): void {
    const { processes } = this.#machine;
    const owner = this.ownerOf(port);
    const isInUse = this.isTaken(port) || (!shares && owner !== null && this.hasBound(owner));
    if (!isInUse && !processes.calm) this.take(port, processes.fork({ ...STRANGER, joins: null }), forMs, shares);
  }

  isTaken(port: number): boolean {
    return this.#strangers.has(port);
  }

  wasTakenSince(port: number, sinceMs: number): boolean {
    return this.isTaken(port) || (this.#freeSinceMs.get(port) ?? 0) >= sinceMs;
  }

  #leave(port: number, process: SimProcess): void {
    if (this.#strangers.get(port)?.process !== process) return;
    this.#strangers.delete(port);
    this.#freeSinceMs.set(port, this.#machine.schedule.nowMs);
    this.#machine.processes.end(process, { code: 0 });
  }

  /** The strangers go. */
  freeTaken(): void {
    for (const [port, { process }] of this.#strangers) this.#leave(port, process);
  }

  /** Port -> until when the threads of a process that has ended keep it open. */
  readonly #closing = new Map<number, number>();

  /** waitpid reports an end when the last thread is gone; /proc shows it when the main thread is. */
  onEnd(process: SimProcess): void {
    if (process.ppid === INIT) this.#closing.set(portOf(process), this.#machine.schedule.nowMs + CLOSING_MS);
  }

  isClosing(port: number): boolean {
    return (this.#closing.get(port) ?? 0) > this.#machine.schedule.nowMs;
  }

  /** The main process of an instance that has this port, zombies aside. */
  ownerOf(port: number): SimProcess | null {
    if (port === 0) return null;
    return this.#machine.processes.alive().find((one) => one.isLeader && portOf(one) === port) ?? null;
  }

  strangerAt(port: number): Stranger | null {
    return this.#strangers.get(port) ?? null;
  }

  /** The stranger at the port of an instance that was there before it. */
  olderStranger(process: SimProcess): Stranger | null {
    const stranger = this.strangerAt(portOf(process));
    return stranger !== null && stranger.process.bornMs < process.bornMs ? stranger : null;
  }

  /** Whether the program of an instance listens on its port by now. It tries until it can. */
  hasBound(process: SimProcess): boolean {
    const stranger = this.strangerAt(portOf(process));
    return (stranger === null || stranger.shares) && this.#machine.health.wantsPort(process);
  }

  /** When the last stranger left the port of an instance. */
  freeSinceMs(process: SimProcess): number {
    return this.strangerAt(portOf(process)) ? Number.POSITIVE_INFINITY : (this.#freeSinceMs.get(portOf(process)) ?? 0);
  }

  /** @returns the inodes of the sockets that listen at the port */
  inodesAt(port: number): string[] {
    const owner = this.ownerOf(port);
    const stranger = this.strangerAt(port);
    const holders = [owner !== null && this.hasBound(owner) ? owner : null, stranger?.process ?? null];
    return holders.flatMap((holder) => (holder === null ? [] : [inodeOf(holder)]));
  }

  /** Inode -> port. */
  all(): Map<string, number> {
    const bound = this.#machine.processes.alive().filter((one) => one.isLeader && this.hasBound(one));
    const strangers = [...this.#strangers].map(([port, { process }]) => [inodeOf(process), port] as const);
    return new Map([...bound.map((process) => [inodeOf(process), portOf(process)] as const), ...strangers]);
  }

  heldBy(pid: number): string[] {
    const process = this.#machine.processes.get(pid);
    if (!process || process.state === 'Z') return [];
    const isStranger = [...this.#strangers.values()].some((stranger) => stranger.process === process);
    return isStranger || (process.isLeader && this.hasBound(process)) ? [inodeOf(process)] : [];
  }
}

const INIT = 1;
const CLOSING_MS = 60;
function portOf(process: SimProcess): number {
  let port = ports.get(process);
  if (port === undefined) {
    port = Number(/(?:^|\0)PORT=(\d+)\0/.exec(process.environ)?.[1] ?? 0);
    ports.set(process, port);
  }
  return port;
}

/** Of processes that were looked at. */
const ports = new WeakMap<SimProcess, number>();
const inodeOf = ({ pid, startTime }: SimProcess): string => `${pid}${startTime}`;
