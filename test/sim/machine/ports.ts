// The listening sockets of the simulated machine: which process holds which port, programs of other people included.
import type { Machine } from './machine.ts';
import type { SimProcess } from './processes.ts';

export class Ports {
  #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Programs that are not ours and listen: port -> process, and how long. */
  readonly #taken = new Map<number, { process: SimProcess; untilMs: number }>();

  take(port: number, process: SimProcess, forMs: number): void {
    this.#taken.set(port, { process, untilMs: this.#machine.schedule.nowMs + forMs });
  }

  /** The strangers go. */
  freeTaken(): void {
    const { nowMs } = this.#machine.schedule;
    for (const taken of this.#taken.values()) taken.untilMs = Math.min(taken.untilMs, nowMs);
  }

  isTaken(port: number): boolean {
    const taken = this.#taken.get(port);
    return taken !== undefined && taken.process.state !== 'Z' && taken.untilMs > this.#machine.schedule.nowMs;
  }

  wasTakenSince(port: number, sinceMs: number): boolean {
    return (this.#taken.get(port)?.untilMs ?? 0) >= sinceMs;
  }

  /** The main process of an instance that has this port, zombies aside. */
  ownerOf(port: number): SimProcess | null {
    for (const process of this.#machine.processes.alive()) {
      if (process.isLeader && process.environ.includes(`PORT=${port}\0`)) return process;
    }
    return null;
  }

  /** @returns the inodes of the sockets that listen at the port */
  inodesAt(port: number): string[] {
    const owner = this.ownerOf(port);
    return owner !== null && this.#machine.health.hasBound(owner) ? [inodeOf(owner)] : [];
  }

  /** Inode -> port. */
  all(): Map<string, number> {
    const bound = [...this.#machine.processes.alive()].filter((process) => this.heldBy(process.pid).length > 0);
    return new Map(bound.map((process) => [inodeOf(process), portOf(process)]));
  }

  heldBy(pid: number): string[] {
    const process = this.#machine.processes.get(pid);
    return process?.isLeader && process.state !== 'Z' && this.#machine.health.hasBound(process)
      ? [inodeOf(process)]
      : [];
  }
}

const portOf = ({ environ }: SimProcess): number => Number(/(?:^|\0)PORT=(\d+)\0/.exec(environ)?.[1] ?? 0);
const inodeOf = ({ pid, startTime }: SimProcess): string => `${pid}${startTime}`;
