// Exits without an event: now and then, checks the processes that should live and tells the kernel which are gone.
import { ADOPTED_RESYNC_MS, planResync, RESYNC_MS } from '../../core/resync.ts';
import type { Incarnation } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import { isAlive } from '../../os/process/identity.ts';
import { isAwaited, reapMissed } from '../../os/spawn/reaper.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { ExitRecords } from './exit-records.ts';

type LostExitsContext = Pick<SupervisorContext, 'specs' | 'clock' | 'inbox'>;

export class LostExits {
  #context: LostExitsContext;
  #records: Pick<ExitRecords, 'take'>;
  #childrenAtMs = Number.NEGATIVE_INFINITY;

  constructor(context: LostExitsContext, records: Pick<ExitRecords, 'take'>) {
    this.#context = context;
    this.#records = records;
  }

  /** @returns in how many milliseconds to poll again. */
  poll(): number {
    const nowMs = this.#context.clock.nowMs();
    // A timer may be a little early.
    const withChildren = nowMs - this.#childrenAtMs > RESYNC_MS - ADOPTED_RESYNC_MS;
    if (withChildren) {
      this.#childrenAtMs = nowMs;
      reapMissed();
    }
    const { suspects, nextMs } = planResync(this.#context.specs.slots, nowMs, withChildren);
    // The system has just said which children have ended: only the others need a look into /proc.
    for (const { id, process } of suspects) if (!isAwaited(process.pid)) this.check(id, process);
    return nextMs;
  }

  /** @returns whether the process is gone; its exit is then received soon. */
  check(id: InstanceId, process: Incarnation): boolean {
    const isGone = hasVanished(process);
    if (isGone) this.#report(id, process);
    return isGone;
  }

  /** An exit event of our own child may be on its way and knows more: it goes first. */
  #report(id: InstanceId, process: Incarnation): void {
    setImmediate(() => {
      const exit = this.#records.take(process.nonce) ?? { unknown: true as const };
      this.#context.inbox.receive(id, process.nonce, { kind: 'exited', exit });
    });
  }
}

function hasVanished(process: Incarnation): boolean {
  try {
    return !isAlive(process);
  } catch {
    return false; // no descriptor left to look with, which does not prove an exit
  }
}
