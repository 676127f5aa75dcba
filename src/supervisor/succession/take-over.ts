// The first thing a supervisor does: finds what an earlier one left running, by its state file and by the processes
// themselves, and puts it into the kernel. Ends only what belongs to no slot.
import type { ProjectPaths } from '../../api/paths.ts';
import { NO_OVERRIDES } from '../../core/desired.ts';
import type { AcceptedConfig, Slot } from '../../core/model.ts';
import { isOccupied } from '../../core/transition.ts';
import { recognizeCgroup } from '../../runtime/cgroup/cgroup.ts';
import type { Clock } from '../../runtime/clock.ts';
import { readStateFile } from '../../runtime/state-file.ts';
import { bootId } from '../../runtime/tree/identity.ts';
import { killTree } from '../../runtime/tree/signal.ts';
import { findProject } from '../../runtime/tree/sweep.ts';
import type { Happening } from '../happenings.ts';
import type { Kernel, KernelState } from '../kernel.ts';
import type { ExitRecords } from '../perform/exit-record.ts';
import type { Performer } from '../perform/perform.ts';
import { decodeState } from '../state/state.ts';
import { markClock } from '../state/state-times.ts';
import { adopt } from './adopt.ts';

export type Heir = {
  paths: ProjectPaths;
  noncePrefix: string;
  clock: Clock;
  kernel: Kernel;
  performer: Performer;
  records: ExitRecords;
  report(happening: Happening): void;
};

const STRAY_KILL_MS = 2_000;

/** Only before the kernel's first step. */
export async function takeOverRunning(heir: Heir, accepted: AcceptedConfig): Promise<void> {
  const { kernel, performer } = heir;
  const [remembered, members] = await Promise.all([readState(heir), findProject(heir.noncePrefix)]);
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
  await performer.hold(live.map(({ id, service }) => ({ id, queue: services.get(service)?.logQueue ?? 'default' })));
  const gone = new Set(adoption.ended.map(({ id }) => id));
  for (const slot of live) if (!gone.has(slot.id)) welcome(heir, slot);
  for (const { id, exit } of adoption.ended) kernel.receive(id, null, { kind: 'exited', exit });
  for (const incarnation of adoption.strays) {
    killTree({ incarnation, ourChild: false }, { withinMs: STRAY_KILL_MS }).catch(() => undefined); // found again by `down`
  }
}

async function readState({ paths, clock, report }: Heir): Promise<KernelState | null> {
  const read = await readStateFile(paths.stateFile);
  const remembered = 'text' in read ? decodeState(read.text, markClock(clock)) : null;
  if (!('text' in read) || remembered) return remembered;
  const message = 'The state file could not be read; live processes are found by themselves.';
  report({ type: 'state_lost', instance: null, message, details: {} });
  return null;
}

function welcome({ report }: Heir, { id, phase, spec }: Slot): void {
  if (phase.kind !== 'alive') return;
  const { pid, nonce } = phase.process;
  if (spec?.singleton) recognizeCgroup(pid, nonce);
  report({ type: 'adopted', instance: id, message: `${id} adopted alive (pid ${pid})`, details: { pid } });
}
