// A log writer that has always drained everything after a moment: no log byte flows in the simulation.
import type { LogWriterClient } from '../../../src/logs/log-writer-client.ts';

export type { LogWriterClient, LogWriterOptions } from '../../../src/logs/log-writer-client.ts';
export type { InstanceFifos, WriterEvent } from '../../../src/logs/writer-protocol.ts';

export function startLogWriter(): LogWriterClient {
  const { guest, machine } = bridge;
  const soon = (): Promise<void> => guest.pooled(() => undefined);
  return {
    configure: soon,
    expect: async () => undefined,
    whenUpToDate: soon,
    attach: soon,
    detach: soon,
    shutdown: soon,
    endOfOutput: (_instance, deadlineMs) =>
      new Promise((resolve) => {
        // Now and then a grandchild holds the FIFO until the deadline.
        const tookMs = machine.chance.hit(0.1) ? deadlineMs : machine.chance.between(0, 3);
        setTimeout(resolve, tookMs);
      }),
    openSink: soon,
    closeSink: soon,
    stats: async () => [],
    rotate: async () => [],
    guard: () => undefined,
    close: () => undefined,
  };
}
