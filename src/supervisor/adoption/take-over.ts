// Finds what an earlier supervisor left running, by its state file and by its processes, and restores the kernel from it. Ends
// only processes that belong to no slot.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Leftover } from '../../api/protocol.ts';
import { NO_OVERRIDES } from '../../core/desired.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { isOccupied, type Slot } from '../../core/slot.ts';
import { findExistingCgroup } from '../../os/cgroup/cgroup.ts';
import { isResourceShortage } from '../../os/descriptor-reserve.ts';
import { ageMs, bootId } from '../../os/process/identity.ts';
import { readStateFile } from '../../os/state-file.ts';
import { killTree } from '../../os/tree/signal.ts';
import { findProjectProcesses } from '../../os/tree/sweep.ts';
import type { Instances } from '../instances/instances.ts';
import { streamQueuesOf } from '../instances/outputs.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { adopt, incarnationOf } from './adopt.ts';
import { readKeptPorts } from './kept-ports.ts';
import { decodeState, type SavedEdits, type SavedState } from './previous-state.ts';
import { markClock } from './state-times.ts';

const KILL_WITHIN_MS = 2_000;
const SCAN_RETRY_MS = 50;

/** Only before the kernel's first step. @param lastGeneration of the history, where no state is left. @returns what the earlier supervisor knew of edits */
export async function takeOverRunning(
  context: SupervisorContext,
  kernel: Kernel,
  instances: Instances,
  accepted: AcceptedConfig,
  lastGeneration: number,
): Promise<SavedEdits> {
  const [remembered, members, ports] = await Promise.all([
    readState(context),
    findProjectProcesses(context.nonces.prefixes),
    readKeptPorts(context.paths.portsFile),
  ]);
  const services = new Map(accepted.config.services.map((spec) => [spec.name as string, spec]));
  const adoption = adopt({
    remembered: remembered?.slots ?? [],
    members,
    services,
    recordOf: (nonce) => instances.records.take(nonce),
    ageMsOf: ({ startTime }) => ageMs(startTime),
    bootId: bootId(),
    nowMs: context.clock.nowMs(),
  });
  kernel.restore({
    generation: remembered?.generation ?? lastGeneration,
    env: remembered?.env,
    overrides: remembered?.overrides ?? NO_OVERRIDES,
    slots: adoption.slots,
    rollouts: remembered?.rollouts ?? [],
    ports: { ...ports, ...remembered?.ports },
  });
  const live = adoption.slots.filter(isOccupied);
  await instances.openOutputs(
    live.map(({ id, service }) => ({ id, ...streamQueuesOf(services.get(service) ?? { logQueue: 'default' }) })),
  );
  const gone = new Set(adoption.ended.map(({ id }) => id));
  for (const slot of live) if (!gone.has(slot.id)) reportAdopted(context, slot);
  for (const { id, exit } of adoption.ended) kernel.receive(id, null, { kind: 'exited', exit });
  for (const incarnation of adoption.unknown) {
    killTree({ incarnation, isOurChild: false }, { withinMs: KILL_WITHIN_MS }).catch(() => undefined); // found again by `down`
  }
  return remembered?.edits ?? { paused: null, rollback: null };
}

async function readState({ paths, clock, journal }: SupervisorContext): Promise<SavedState | null> {
  const read = await readStateFile(paths.stateFile);
  const remembered = 'text' in read ? decodeState(read.text, markClock(clock)) : null;
  if (!('text' in read) || remembered) return remembered;
  const message = 'The state file cannot be read; orch searches for its live processes.';
  journal.report({ type: 'state_lost', instance: null, message });
  return null;
}

function reportAdopted({ journal }: SupervisorContext, { id, phase, spec }: Slot): void {
  if (phase.kind !== 'alive') return;
  const { pid, nonce } = phase.process;
  if (spec?.singleton) findExistingCgroup(pid, nonce);
  journal.report({ type: 'adopted', instance: id, message: `${id} adopted alive (pid ${pid})`, details: { pid } });
}

/**
 * Ends processes of the project that belong to no slot, found by their nonce: an escaped process, the rest of an earlier
 * supervisor.
 * @returns the processes that could not be ended.
 */
export async function endUnknownProcesses(noncePrefixes: readonly string[]): Promise<Leftover[]> {
  for (;;) {
    try {
      return await endFound(noncePrefixes);
    } catch (error) {
      // Without a descriptor the scan cannot prove that no process is left.
      if (!isResourceShortage(error)) throw error;
      await sleep(SCAN_RETRY_MS);
    }
  }
}

async function endFound(noncePrefixes: readonly string[]): Promise<Leftover[]> {
  const leftovers = new Map<number, Leftover>();
  for (const member of await findProjectProcesses(noncePrefixes)) {
    const incarnation = incarnationOf(member, bootId());
    const { survivors } = await killTree({ incarnation, isOurChild: false }, { withinMs: KILL_WITHIN_MS });
    const instance = member.environment.ORCH_INSTANCE_ID ?? '?';
    for (const survivor of survivors) leftovers.set(survivor.pid, { pid: survivor.pid, instance });
  }
  return [...leftovers.values()];
}
