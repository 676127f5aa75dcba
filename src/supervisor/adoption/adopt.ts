// Adopts the processes of an earlier supervisor: matches live processes (found by nonce) with the remembered slots. Pure:
// signals nothing. A process that matches keeps running untouched (I4); all others are listed as unknown.
import { initialReadiness } from '../../core/readiness.ts';
import { decideRestart } from '../../core/restart-policy.ts';
import {
  type Exit,
  emptySlot,
  type Incarnation,
  nonceOf,
  type Slot,
  type SlotSpec,
  slotSpecOf,
} from '../../core/slot.ts';
import { type InstanceId, parseInstanceId, type ServiceSpec } from '../../core/spec.ts';
import { transition } from '../../core/transition.ts';
import { byAge, type TreeMember } from '../../os/tree/process-scan.ts';
import { specHashOf } from '../kernel/nonce.ts';

export type Adoption = {
  slots: Slot[];
  /** Live incarnations that belong to no slot (a second one of the same instance): to be ended. */
  unknown: Incarnation[];
  /** Slots whose main process exited while no supervisor ran: their trees are still to be cleared. */
  ended: { id: InstanceId; exit: Exit }[];
};

export type AdoptionInput = {
  remembered: readonly Slot[];
  /** Every live process of the project. */
  members: readonly TreeMember[];
  services: ReadonlyMap<string, ServiceSpec>;
  /** The recorded exit of a process that is gone; null: no record. */
  recordOf(nonce: string): Exit | null;
  /** How long a live process has run at least; null: not known. */
  ageMsOf(member: TreeMember): number | null;
  bootId: string;
  nowMs: number;
};

/** For a process whose spec is not remembered: stopped gently, never restarted under this spec. */
const UNKNOWN_SPEC: Omit<SlotSpec, 'specHash'> = {
  stop: { signal: 'SIGTERM', to: 'main', graceMs: 10_000, command: null, escalate: [], drain: null },
  restart: {
    policy: 'always',
    backoff: { initialMs: 100, maxMs: 30_000, factor: 2 },
    limit: null,
    healthyAfterMs: 10_000,
  },
  dependsOn: [],
  singleton: null,
};

export function adopt(input: AdoptionInput): Adoption {
  const leaders = leadersOf(input.members);
  const slots = new Map<InstanceId, Slot>();
  const ended = new Set<InstanceId>();
  for (const slot of input.remembered) {
    const resumed = matchRemembered(slot, leaders, input);
    slots.set(slot.id, resumed.slot);
    if (resumed.ended) ended.add(slot.id);
  }
  const unknown: Incarnation[] = [];
  // The newest first: an older one of the same instance is a leftover of an earlier incarnation.
  for (const member of [...leaders.values()].sort((a, b) => byAge(b, a))) {
    const adopted = adoptUnremembered(member, slots, ended, input);
    if (adopted) {
      slots.set(adopted.id, adopted);
      ended.delete(adopted.id);
    } else unknown.push(incarnationOf(member, input.bootId));
  }
  const known = new Set([...slots.values()].map(nonceOf));
  for (const member of input.members) {
    if (member.nonce && !known.has(member.nonce) && !leaders.has(member.nonce)) {
      unknown.push(incarnationOf(member, input.bootId));
    }
  }
  const ends = [...ended].map((id) => ({ id, exit: recordedExit(nonceOf(slots.get(id)!), input) }));
  return { slots: [...slots.values()], unknown, ended: ends };
}

function recordedExit(nonce: string | null, { recordOf }: AdoptionInput): Exit {
  return (nonce !== null && recordOf(nonce)) || { unknown: true };
}

/** By nonce: the oldest session leader. Younger ones left the main process's session by setsid. */
function leadersOf(members: readonly TreeMember[]): Map<string, TreeMember> {
  const leaders = new Map<string, TreeMember>();
  for (const member of members) {
    if (!member.nonce || !member.isSessionLeader) continue;
    const other = leaders.get(member.nonce);
    if (!other || byAge(member, other) < 0) leaders.set(member.nonce, member);
  }
  return leaders;
}

/** Brings a remembered slot up to date. Claims its leader (removes it from the map). */
function matchRemembered(
  slot: Slot,
  leaders: Map<string, TreeMember>,
  input: AdoptionInput,
): { slot: Slot; ended: boolean } {
  const nonce = nonceOf(slot);
  if (nonce === null) return { slot, ended: false };
  const leader = mainProcess(slot, leaders.get(nonce) ?? null, input.members);
  leaders.delete(nonce);
  if (leader && slot.spec) {
    // The intent may be far older than its process: a hook ran, or it waited for a singleton.
    const sinceMs = (slot.phase.kind === 'starting' ? null : startedMs(slot)) ?? bornMs(leader, input);
    const process = incarnationOf(leader, input.bootId);
    const vacant: Slot = { ...slot, phase: { kind: 'idle' } };
    const readiness = slot.phase.kind === 'alive' ? slot.phase.readiness : firstReadiness(slot, input);
    const adopted = { kind: 'adopted', process, sinceMs, spec: slot.spec, readiness } as const;
    return { slot: transition(vacant, adopted, input.nowMs), ended: false };
  }
  if (slot.phase.kind === 'starting')
    return { slot: withoutProcess(slot, recordedExit(nonce, input), input.nowMs), ended: false };
  return { slot: asEnded(slot, input.nowMs), ended: true };
}

/** Once the main process was recorded, any other session leader with its nonce is an escaped process. */
function mainProcess({ phase }: Slot, oldest: TreeMember | null, members: readonly TreeMember[]): TreeMember | null {
  if (oldest === null || (phase.kind !== 'alive' && phase.kind !== 'ending')) return oldest;
  const { pid, startTime, nonce } = phase.process;
  const isRecorded = (one: TreeMember) => one.pid === pid && one.startTime === startTime && one.nonce === nonce;
  return members.find((one) => one.isSessionLeader && isRecorded(one)) ?? null;
}

/** A live leader that no slot remembers: the state file was lost. */
function adoptUnremembered(
  member: TreeMember,
  slots: ReadonlyMap<InstanceId, Slot>,
  ended: ReadonlySet<InstanceId>,
  input: AdoptionInput,
): Slot | null {
  const id = (member.environment.ORCH_INSTANCE_ID ?? '') as InstanceId;
  const parsed = parseInstanceId(id);
  const specHash = specHashOf(member.nonce ?? '');
  if (!parsed || !specHash) return null;
  const remembered = slots.get(id);
  // The state could not be written for a while: the process that it names is gone, and a newer one lives.
  const existing = remembered && ended.has(id) ? vacated(remembered) : remembered;
  if (existing && (nonceOf(existing) !== null || existing.lastNonce === member.nonce)) return null;
  const declared = input.services.get(parsed.service);
  const known: SlotSpec = declared?.specHash === specHash ? slotSpecOf(declared) : { ...UNKNOWN_SPEC, specHash };
  const { PORT } = member.environment;
  const spec = declared?.port === 'auto' && PORT !== undefined ? { ...known, ports: { PORT } } : known;
  const process = incarnationOf(member, input.bootId);
  const empty = existing ?? emptySlot(id, parsed.service, parsed.index);
  const readiness = firstReadiness(empty, input);
  const sinceMs = bornMs(member, input);
  return transition(empty, { kind: 'adopted', process, sinceMs, spec, readiness }, input.nowMs);
}

const bornMs = (member: TreeMember, { ageMsOf, nowMs }: AdoptionInput): number => nowMs - (ageMsOf(member) ?? 0);

function vacated(slot: Slot): Slot {
  return { ...slot, phase: { kind: 'idle' }, lastNonce: nonceOf(slot) };
}

/**
 * The readiness of a process that is not remembered: its probes must pass again. The probes of another version than the
 * declared one are not known: it becomes ready only by its age, if at all.
 */
function firstReadiness({ service }: Slot, { services }: AdoptionInput): 'none' | 'pending' {
  const declared = services.get(service);
  return declared ? initialReadiness(declared) : 'none';
}

/**
 * The intent to start was recorded, but whether there ever was a process is not known: it may have failed at once, over and
 * over, so the back-off continues. An instance with `restart: never` would be lost by that, and is started (perhaps again).
 */
function withoutProcess(slot: Slot, exit: Exit, nowMs: number): Slot {
  const isKnown = !('unknown' in exit);
  if (!isKnown && (!slot.spec || slot.spec.restart.policy === 'never')) return { ...slot, phase: { kind: 'idle' } };
  const death = { exit, aliveMs: 0, countsAsFailure: isKnown, unhealthy: null };
  const lastEnd = isKnown ? { startedMs: startedMs(slot) ?? nowMs, atMs: nowMs } : slot.lastEnd;
  return { ...slot, lastEnd, ...decideRestart(slot, death, nowMs) };
}

/** How long it lived is not known: time without a supervisor does not count as healthy. */
function asEnded(slot: Slot, nowMs: number): Slot {
  const { phase } = slot;
  if (phase.kind === 'alive') return { ...slot, phase: { ...phase, adopted: true, sinceMs: nowMs } };
  return phase.kind === 'ending' ? { ...slot, phase: { ...phase, adopted: true } } : slot;
}

function startedMs({ phase }: Slot): number | null {
  if (phase.kind === 'alive' || phase.kind === 'starting') return phase.sinceMs;
  return phase.kind === 'ending' ? phase.startedMs : null;
}

export function incarnationOf({ pid, startTime, nonce }: TreeMember, bootId: string): Incarnation {
  return { pid, startTime, bootId, nonce: nonce ?? '' };
}
