// What goes along with the instances besides the kernel: held sockets, schedules. Each is level-triggered and decides
// nothing; here they are only put together, so that the supervisor has one thing to keep in step.
import type { InstanceEvent, InstanceId, ServiceSpec } from '../core/model.ts';
import type { Happening } from './happenings.ts';
import type { Kernel } from './kernel.ts';
import { Scheduler } from './scheduler.ts';
import { SocketTable } from './socket-table.ts';

export type CompanionOptions = {
  kernel: Kernel;
  nowMs(): number;
  report(happening: Happening): void;
};

export class Companions {
  readonly sockets = new SocketTable();
  #options: CompanionOptions;
  #scheduler: Scheduler;

  constructor(options: CompanionOptions) {
    const { kernel, nowMs, report } = options;
    this.#options = options;
    const receive = (id: InstanceId, nonce: string | null, event: InstanceEvent): void =>
      kernel.receive(id, nonce, event);
    this.#scheduler = new Scheduler({ nowMs, wallMs: () => Date.now(), receive, report });
  }

  /** The configuration changed. */
  apply(services: readonly ServiceSpec[]): void {
    this.sockets.keep(services);
  }

  /** Call before the first step of the kernel, after each, and now and then. */
  sync(): void {
    const { kernel } = this.#options;
    this.#scheduler.sync(kernel.desired, kernel.slots);
  }

  close(): void {
    this.sockets.close();
  }
}
