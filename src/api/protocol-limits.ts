// What a status says about the limits of an instance. Types only.

/** How `limits.memory` is enforced. `because`: why it is only sampled, if known. */
export type MemoryLimitStatus = {
  maxBytes: number;
  action: 'restart' | 'kill';
  enforcedBy: 'kernel' | 'sampling';
  because: string | null;
};
