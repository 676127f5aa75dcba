// Takes over what an earlier supervisor left running: matches live processes (found by nonce) with the remembered slots.
// Pure: looks at a list of processes, signals nothing. What fits goes on untouched (I4); what nobody knows is named.
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
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { specHashOf } from '../kernel/nonce.ts';

export type Adoption = {
  slots: Slot[];
  /** Live incarnations that belong to no slot (a second one of the same instance): to be ended. */
  unknown: Incarnation[];
  /** Slots whose main process ended while nobody looked: their trees are still to be cleared. */
  ended: { id: InstanceId; exit: Exit }[];
};

export type AdoptionInput = {
  remembered: readonly Slot[];
  /** Every live process of the project. */
  members: readonly TreeMember[];
  services: ReadonlyMap<string, ServiceSpec>;
  /** What a process that is gone left written down of its end; null: nothing. */
  recordOf(nonce: string): Exit | null;
  bootId: string;
  nowMs: number;
};

/** Used for a process whose spec nobody remembers: stopped gently, never restarted under that spec. */
const UNKNOWN_SPEC: Omit<SlotSpec, 'specHash'> = {
  stop: { signal: 'SIGTERM', to: 'tree', graceMs: 10_000, command: null, escalate: [], drain: null },
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
  const strays: Incarnation[] = [];
  // The newest first: an older one of the same instance is what an earlier incarnation left behind.
  for (const member of [...leaders.values()].sort((a, b) => Number(b.startTime) - Number(a.startTime))) {
    const newcomer = adoptUnremembered(member, slots, ended, input);
    if (newcomer) {
      slots.set(newcomer.id, newcomer);
      ended.delete(newcomer.id);
    } else strays.push(incarnationOf(member, input.bootId));
  }
  const known = new Set([...slots.values()].map(nonceOf));
  for (const member of input.members) {
    if (member.nonce && !known.has(member.nonce) && !leaders.has(member.nonce)) {
      strays.push(incarnationOf(member, input.bootId));
    }
  }
  const ends = [...ended].map((id) => ({ id, exit: recordedExit(nonceOf(slots.get(id)!), input) }));
  return { slots: [...slots.values()], unknown: strays, ended: ends };
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
    if (!other || Number(member.startTime) < Number(other.startTime)) leaders.set(member.nonce, member);
  }
  return leaders;
}

/** A remembered slot, with what is true of it now. Claims its leader (removes it from the map). */
function matchRemembered(
  slot: Slot,
  leaders: Map<string, TreeMember>,
  input: AdoptionInput,
): { slot: Slot; ended: boolean } {
  const nonce = nonceOf(slot);
  if (nonce === null) return { slot, ended: false };
  const leader = mainProcess(slot, leaders.get(nonce) ?? null);
  leaders.delete(nonce);
  const sinceMs = startedMs(slot) ?? input.nowMs;
  if (leader && slot.spec) {
    const process = incarnationOf(leader, input.bootId);
    const free: Slot = { ...slot, phase: { kind: 'idle' } };
    const readiness = slot.phase.kind === 'alive' ? slot.phase.readiness : firstReadiness(slot.spec, input);
    const adopted = { kind: 'adopted', process, sinceMs, spec: slot.spec, readiness } as const;
    return { slot: transition(free, adopted, input.nowMs), ended: false };
  }
  if (slot.phase.kind === 'starting')
    return { slot: withoutProcess(slot, recordedExit(nonce, input), input.nowMs), ended: false };
  return { slot: asEnded(slot, input.nowMs), ended: true };
}

/** The main process is known once it was recorded: what else leads a session with its nonce only escaped from it. */
function mainProcess({ phase }: Slot, leader: TreeMember | null): TreeMember | null {
  if (phase.kind !== 'alive' && phase.kind !== 'ending') return leader;
  const { pid, startTime } = phase.process;
  return leader?.pid === pid && leader.startTime === startTime ? leader : null;
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
  // The state could not be written for a while: the one that it names is gone, and a newer one lives.
  const existing = remembered && ended.has(id) ? vacated(remembered) : remembered;
  if (existing && (nonceOf(existing) !== null || existing.lastNonce === member.nonce)) return null;
  const declared = input.services.get(parsed.service);
  const spec: SlotSpec = declared?.specHash === specHash ? slotSpecOf(declared) : { ...UNKNOWN_SPEC, specHash };
  const process = incarnationOf(member, input.bootId);
  const empty = existing ?? emptySlot(id, parsed.service, parsed.index);
  const readiness = firstReadiness(spec, input);
  return transition(empty, { kind: 'adopted', process, sinceMs: input.nowMs, spec, readiness }, input.nowMs);
}

function vacated(slot: Slot): Slot {
  return { ...slot, phase: { kind: 'idle' }, lastNonce: nonceOf(slot) };
}

/** Of a process of which nothing is remembered: its probes, if they are known, must pass anew. */
function firstReadiness({ specHash }: SlotSpec, { services }: AdoptionInput): 'none' | 'pending' {
  const declared = [...services.values()].find((service) => service.specHash === specHash);
  return declared ? initialReadiness(declared) : 'none';
}

/**
 * The intent was recorded, and whether there ever was a process is not known: it may have failed at once, over and over,
 * so the back-off goes on. What is never restarted would be lost by that, and is begun (perhaps again).
 */
function withoutProcess(slot: Slot, exit: Exit, nowMs: number): Slot {
  const isKnown = !('unknown' in exit);
  if (!isKnown && (!slot.spec || slot.spec.restart.policy === 'never')) return { ...slot, phase: { kind: 'idle' } };
  const death = { exit, aliveMs: 0, countsAsFailure: isKnown, unhealthy: null };
  return { ...slot, ...decideRestart(slot, death, nowMs) };
}

/** Nobody knows how long it lived: the time without a supervisor is no healthy spell. */
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
