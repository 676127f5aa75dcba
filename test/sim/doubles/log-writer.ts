// A log writer that has always drained everything after a moment: no log byte flows in the simulation. One for each project,
// which outlives supervisors and starts the next one.

import type { LogWriterClient } from '../../../src/logs/log-writer-client.ts';
import { SupervisorGuard } from '../../../src/logs/writer/supervisor-guard.ts';
import type { SuccessorStart } from '../../../src/logs/writer-protocol.ts';

export type { LogWriterClient, LogWriterOptions } from '../../../src/logs/log-writer-client.ts';
export type { InstanceFifos, WriterEvent } from '../../../src/logs/writer-protocol.ts';

/** To one that runs. */
const CONNECT_MS = 1;

export function startLogWriter(): LogWriterClient {
  const { guest, machine } = bridge;
  const { root, onRevival } = guest.options;
  const { writers, schedule } = machine;
  let successor: SuccessorStart | null = null;
  let isUp = false;
  if (!writers.has(root)) {
    const later = (delayMs: number, run: () => void) => schedule.after(delayMs, run);
    writers.set(root, new SupervisorGuard({ nowMs: () => schedule.nowMs, later, start: onRevival }));
  }
  const writer = writers.get(root)!;
  guest.later(CONNECT_MS, () => {
    isUp = true;
    writer.greet(guest);
    if (successor) writer.replaceBy(guest, successor);
  });
  guest.onClose = () => writer.disconnected(guest);
  const guard = (now: SuccessorStart | null): void => {
    successor = now;
    if (isUp) writer.replaceBy(guest, now);
  };
  const soon = (): Promise<void> => guest.pooled(() => undefined);
  return {
    start: () => undefined,
    configure: soon,
    expect: async () => undefined,
    whenUpToDate: soon,
    attach: soon,
    detach: soon,
    shutdown: async () => {
      await soon();
      guest.onClose = () => undefined;
      if (writers.get(root) === writer) writers.delete(root);
    },
    endOfOutput: (_instance, deadlineMs) =>
      new Promise((resolve) => {
        // Now and then a grandchild holds the FIFO until the deadline.
        const tookMs = machine.chance.hit(0.1) ? deadlineMs : machine.chance.between(0, 3);
        setTimeout(resolve, tookMs, '');
      }),
    openSink: soon,
    closeSink: soon,
    stats: async () => [],
    lastStats: [],
    rotate: async () => [],
    guard,
    close: () => {
      guard(null);
      isUp = false;
    },
  };
}
