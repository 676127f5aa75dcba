// The first thing a supervisor does: finds what an earlier one left running, by its state file and by the processes
// themselves, and puts it into the kernel. Ends only what belongs to no slot.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ProjectPaths } from '../../api/paths.ts';
import type { Leftover } from '../../api/protocol.ts';
import { NO_OVERRIDES } from '../../core/desired.ts';
import type { AcceptedConfig, Slot } from '../../core/model.ts';
import { isOccupied } from '../../core/transition.ts';
import { findExistingCgroup } from '../../os/cgroup/cgroup.ts';
import type { Clock } from '../../os/clock.ts';
import { isResourceShortage } from '../../os/descriptor-reserve.ts';
import { bootId } from '../../os/process/identity.ts';
import { readStateFile } from '../../os/state-file.ts';
import { killTree } from '../../os/tree/signal.ts';
import { findProjectProcesses } from '../../os/tree/sweep.ts';
import type { ExitRecords } from '../instances/exit-records.ts';
import type { InstanceProcesses } from '../instances/instances.ts';
import type { EventDraft } from '../kernel/events.ts';
import type { Kernel, KernelState } from '../kernel/kernel.ts';
import { adopt } from './adopt.ts';
import { decodeState } from './previous-state.ts';
import { markClock } from './state-times.ts';

export type Successor = {
  paths: ProjectPaths;
  noncePrefix: string;
  clock: Clock;
  kernel: Kernel;
  performer: InstanceProcesses;
  records: ExitRecords;
  report(happening: EventDraft): void;
};

const UNKNOWN_KILL_MS = 2_000;

/** Only before the kernel's first step. */
export async function takeOverRunning(heir: Successor, accepted: AcceptedConfig): Promise<void> {
  const { kernel, performer } = heir;
  const [remembered, members] = await Promise.all([readState(heir), findProjectProcesses(heir.noncePrefix)]);
  const services = new Map(accepted.config.services.map((spec) => [spec.name as string, spec]));
  const slots = remembered?.slots ?? [];
  const recordOf = (nonce: string) => heir.records.take(nonce);
  const nowMs = heir.clock.nowMs();
  const adoption = adopt({ remembered: slots, members, services, recordOf, bootId: bootId(), nowMs });
  kernel.restore({
    generation: remembered?.generation ?? 0,
    overrides: remembered?.overrides ?? NO_OVERRIDES,
    slots: adoption.slots,
    rollouts: remembered?.rollouts ?? [],
  });
  const live = adoption.slots.filter(isOccupied);
  await performer.openOutputs(
    live.map(({ id, service }) => ({ id, queue: services.get(service)?.logQueue ?? 'default' })),
  );
  const gone = new Set(adoption.ended.map(({ id }) => id));
  for (const slot of live) if (!gone.has(slot.id)) reportAdopted(heir, slot);
  for (const { id, exit } of adoption.ended) kernel.receive(id, null, { kind: 'exited', exit });
  for (const incarnation of adoption.unknown) {
    killTree({ incarnation, isOurChild: false }, { withinMs: UNKNOWN_KILL_MS }).catch(() => undefined); // found again by `down`
  }
}

async function readState({ paths, clock, report }: Successor): Promise<KernelState | null> {
  const read = await readStateFile(paths.stateFile);
  const remembered = 'text' in read ? decodeState(read.text, markClock(clock)) : null;
  if (!('text' in read) || remembered) return remembered;
  const message = 'The state file could not be read; live processes are found by themselves.';
  report({ type: 'state_lost', instance: null, message, details: {} });
  return null;
}

function reportAdopted({ report }: Successor, { id, phase, spec }: Slot): void {
  if (phase.kind !== 'alive') return;
  const { pid, nonce } = phase.process;
  if (spec?.singleton) findExistingCgroup(pid, nonce);
  report({ type: 'adopted', instance: id, message: `${id} adopted alive (pid ${pid})`, details: { pid } });
}

// Ends processes of the project that belong to no slot any more: what escaped its instance, what an earlier supervisor
// left. Found by their nonce, so never a stranger's.

const KILL_WITHIN_MS = 2_000;
const SCAN_RETRY_MS = 50;

/** @returns what could not be ended; empty when nothing of the project lives. */
export async function endUnknownProcesses(noncePrefix: string): Promise<Leftover[]> {
  for (;;) {
    try {
      return await endFound(noncePrefix);
    } catch (error) {
      // Without a descriptor nobody can say that nothing is left.
      if (!isResourceShortage(error)) throw error;
      await sleep(SCAN_RETRY_MS);
    }
  }
}

async function endFound(noncePrefix: string): Promise<Leftover[]> {
  const leftovers = new Map<number, Leftover>();
  for (const { pid, startTime, nonce, environment } of await findProjectProcesses(noncePrefix)) {
    const incarnation = { pid, startTime, bootId: bootId(), nonce: nonce ?? '' };
    const { survivors } = await killTree({ incarnation, isOurChild: false }, { withinMs: KILL_WITHIN_MS });
    const instance = environment.ORCH_INSTANCE_ID ?? '?';
    for (const survivor of survivors) leftovers.set(survivor.pid, { pid: survivor.pid, instance });
  }
  return [...leftovers.values()];
}
