// Which cells of the transition table a run of the simulation must use, and which it cannot.

import type { InstanceEvent } from '../../src/core/instance-event.ts';
import type { PhaseKind } from '../../src/core/slot.ts';
import { TRANSITIONS } from '../core/transition-table.ts';

type EventKind = InstanceEvent['kind'];
type Rule = { why: string; events: EventKind[]; phases: PhaseKind[] };

const EMPTY: PhaseKind[] = ['idle', 'blocked', 'backoff', 'completed', 'failed'];
const START_OUTCOMES: EventKind[] = ['spawned', 'spawnFailed', 'startRefused', 'startAbandoned'];
const STOP_NEWS: EventKind[] = ['drained', 'emptied', 'leftoversFound'];
const LIFE_NEWS: EventKind[] = ['exited', 'readinessChanged', 'unhealthy'];

const UNREACHABLE: Rule[] = [
  {
    why: 'events of an incarnation carry its nonce: the kernel drops them where the slot has none',
    events: [...START_OUTCOMES, ...STOP_NEWS, ...LIFE_NEWS],
    phases: EMPTY,
  },
  { why: 'a start has one outcome, and it ends `starting`', events: START_OUTCOMES, phases: ['alive', 'ending'] },
  { why: 'nothing is known of a process before `spawned`', events: LIFE_NEWS, phases: ['starting'] },
  {
    why: 'only a stop that was begun has such events, and nothing leads back',
    events: STOP_NEWS,
    phases: ['starting', 'alive'],
  },
  {
    why: 'the reconciler starts only what is empty',
    events: ['startIntended'],
    phases: ['starting', 'alive', 'ending'],
  },
  {
    why: 'the reconciler stops only what is alive',
    events: ['stopIntended'],
    phases: [...EMPTY, 'starting', 'ending'],
  },
  {
    why: 'the reconciler continues only a stop that was begun',
    events: ['termIntended', 'escalateIntended'],
    phases: [...EMPTY, 'starting', 'alive'],
  },
  {
    why: 'an instance is asked to stop before it is killed without a grace period',
    events: ['killIntended'],
    phases: ['alive'],
  },
  {
    why: '`down` abandons a start at once, long before its timeout',
    events: ['killIntended'],
    phases: ['starting'],
  },
  {
    why: 'the reconciler takes only what is empty back',
    events: ['returned'],
    phases: ['starting', 'alive', 'ending'],
  },
  {
    why: 'the exit of the incarnation that lost the singleton names the new holder',
    events: ['takenOver'],
    phases: ['blocked', 'starting', 'alive', 'ending'],
  },
  {
    why: 'not simulated: singletons that adopt (test/trust tries them with real processes)',
    events: ['adopted'],
    phases: ['starting'],
  },
  { why: 'an occupied slot is not given another process', events: ['adopted'], phases: ['alive', 'ending'] },
];

const cellOf = (phase: string, event: string): string => `${phase} + ${event}`;

const CELLS = Object.entries(TRANSITIONS).flatMap(([event, row]) =>
  Object.keys(row).map((phase) => cellOf(phase, event)),
);
const IMPOSSIBLE = new Set(
  UNREACHABLE.flatMap(({ events, phases }) => events.flatMap((event) => phases.map((phase) => cellOf(phase, event)))),
);

export type Missed = {
  reached: number;
  unreachable: number;
  /** Reachable cells that no scenario used. */
  never: string[];
  /** Cells that were used although a rule says that they cannot be. */
  surprising: string[];
};

/** @param coverage marks of `Oracle.onCell` */
export function missedCells(coverage: ReadonlySet<string>): Missed {
  const used = (cell: string): boolean => coverage.has(cell);
  return {
    reached: CELLS.filter(used).length,
    unreachable: IMPOSSIBLE.size,
    never: CELLS.filter((cell) => !used(cell) && !IMPOSSIBLE.has(cell)),
    surprising: CELLS.filter((cell) => used(cell) && IMPOSSIBLE.has(cell)),
  };
}
