// Carries out the kernel's actions with real processes. Results go back to the kernel as events; nothing here decides
// anything. How an instance starts and how it ends is in the two files of that name.
import type { InstanceId, ServiceSpec, Slot } from '../../core/model.ts';
import { InstanceEnds, type InstanceEndsOptions } from './instance-ends.ts';
import { InstanceStarts, type InstanceStartsOptions } from './instance-starts.ts';
import { type Source, type Streams, StreamTable } from './streams.ts';

export type Performer = {
  start(slot: Slot, spec: ServiceSpec, nonce: string): void;
  drain(slot: Slot): void;
  stop(slot: Slot): void;
  escalate(slot: Slot, signal: string): void;
  kill(slot: Slot): void;
  clear(slot: Slot): void;
  abandon(slot: Slot): void;
  forget(slot: Slot): void;
  /** A sentence that says why a start takes so long; null: nothing holds it up. */
  heldUpBy(id: InstanceId): string | null;
  /** Starts that have not come to their turn never will. */
  dropStarts(): void;
  /** Opens the descriptors of instances that already run (adopted), so that their output is never without a reader. */
  hold(sources: Source[]): Promise<void>;
  /** What an instance writes is more than its pipe holds. */
  widen(id: InstanceId, stream: keyof Streams): void;
  /** The configuration changed: instances whose queue is another one now write there from here on. */
  route(queueOf: (id: InstanceId) => string | null): void;
};

export type PerformerOptions = InstanceStartsOptions & InstanceEndsOptions & { forgotten(id: InstanceId): void };

export function createPerformer(options: PerformerOptions): Performer {
  const streams = new StreamTable(options.paths, options.writer);
  const starts = new InstanceStarts(options, streams);
  const ends = new InstanceEnds(options, starts);
  return {
    start: (slot, spec, nonce) => starts.start(slot, spec, nonce),
    drain: (slot) => ends.steps.drain(slot),
    stop: (slot) => ends.steps.stop(slot),
    escalate: (slot, signal) => ends.steps.signal(slot, signal),
    kill: (slot) => ends.kill(slot),
    clear: (slot) => ends.clear(slot),
    abandon: (slot) => starts.abandon(slot),
    forget(slot) {
      ends.forget(slot.id);
      options.forgotten(slot.id);
      streams.close(slot.id);
      options.outfitter.forget(slot.id);
    },
    heldUpBy: (id) => starts.heldUpBy(id),
    dropStarts: () => starts.abandonAll(),
    hold: (sources) => streams.open(sources),
    widen: (id, stream) => streams.widen(id, stream),
    route: (queueOf) => streams.route(queueOf),
  };
}
