// Ends of which no event came: now and then those who should live are looked at, and whoever does not is told to the kernel.
import type { Incarnation, InstanceId } from '../core/model.ts';
import { planResync } from '../core/resync.ts';
import { isAlive } from '../runtime/tree/identity.ts';
import type { Kernel } from './kernel.ts';
import type { ExitRecords } from './perform/exit-record.ts';

/** @returns in how many milliseconds to look again. */
export function lookForLostExits(kernel: Kernel, records: ExitRecords, nowMs: number): number {
  const { suspects, nextMs } = planResync(kernel.slots, nowMs);
  for (const { id, process } of suspects) if (isLost(process)) confirmLost(kernel, records, id, process);
  return nextMs;
}

/** An exit event of our own child may just be on its way and knows more: it is folded first. */
function confirmLost(kernel: Kernel, records: ExitRecords, id: InstanceId, process: Incarnation): void {
  setImmediate(() => {
    const exit = records.take(process.nonce) ?? { unknown: true as const };
    kernel.receive(id, process.nonce, { kind: 'exited', exit });
  });
}

function isLost(process: Incarnation): boolean {
  try {
    return !isAlive(process);
  } catch {
    return false; // it could not be looked at: nobody is taken for dead for want of a descriptor
  }
}
