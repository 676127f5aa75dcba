// Between the producers of a queue and its backlog: shut while they have to wait. Decides only when; it reads nothing.
import type { LogQueueSpec } from '../../core/model.ts';

/** With a policy to drop, producers wait this long for a write that is under way before lines go: a disk that works is not
 * outrun by a reader that is merely quicker. */
const DROP_PATIENCE_MS = 100;
/** Shares of the capacity: so much is enough to shut; so little, to open again. */
const SHUT_AT = 0.75;
const OPEN_AT = 0.5;

/** Of each stream only one chunk is held until it is written: that is all a killed writer may take with it. What feeds a
 * service may hold more: it bridges the service's restarts. */
export function keepsOneChunk({ overflow, sink }: LogQueueSpec): boolean {
  return overflow === 'block' && sink === null;
}

export type Pressure = {
  depthBytes: number;
  /** `performance.now()`; null: no write is under way. */
  writeBeganMs: number | null;
  /** The last write failed. */
  hasFailed: boolean;
};

export class Gate {
  isShut = false;
  private patience: NodeJS.Timeout | null = null;
  private readonly onTurn: (isShut: boolean) => void;

  constructor(onTurn: (isShut: boolean) => void) {
    this.onTurn = onTurn;
  }

  update(spec: LogQueueSpec, pressure: Pressure): void {
    const isFilled = pressure.depthBytes >= spec.capacityBytes * (this.isShut ? OPEN_AT : SHUT_AT);
    const isDraining = keepsOneChunk(spec) && this.isShut && pressure.depthBytes > 0;
    if (spec.overflow === 'block') this.turn(pressure.hasFailed || isFilled || isDraining);
    else this.turn(isFilled && this.isWriteYoung(pressure));
  }

  close(): void {
    if (this.patience !== null) clearTimeout(this.patience);
  }

  private isWriteYoung({ writeBeganMs, hasFailed }: Pressure): boolean {
    if (writeBeganMs === null || hasFailed) return false;
    const leftMs = DROP_PATIENCE_MS - (performance.now() - writeBeganMs);
    if (leftMs <= 0) return false;
    this.patience ??= setTimeout(() => {
      this.patience = null;
      this.turn(false);
    }, leftMs);
    return true;
  }

  private turn(isShut: boolean): void {
    if (isShut === this.isShut) return;
    this.isShut = isShut;
    this.onTurn(isShut);
  }
}
