// What the writing half of a queue tells the reading half.
import type { Origin } from '../framing.ts';

export type OutputHooks = {
  /** Stop (or go on) reading the producers. */
  hold(isHeld: boolean): void;
  /** All that was accepted is written. */
  settled(): void;
  /** A rotated file is complete. */
  rotated(path: string): void;
  /** The file is due and cannot be rotated; it is written all the same. */
  rotationFailed(message: string): void;
  dropped(lines: Map<Origin, number>): void;
  blocked(message: string): void;
  resumed(): void;
};
