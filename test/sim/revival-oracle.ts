// Watches which supervisors the log writer starts: one that was killed comes back by itself, one that ended on purpose does
// not (decision 0731). Part of the oracle: throws by `fail`.
import type { Guest } from './machine/guest.ts';
import type { Machine } from './machine/machine.ts';
import { mayComeBack } from './shell.ts';

export type RevivalWorld = {
  machine: Machine;
  guests: readonly Guest[];
  /** Operations and faults after which a supervisor need not run. */
  troubles(): number;
  wantsDown(): boolean;
  fail(what: string): never;
};

/** By then the log writer knows what the supervisor wants of it. */
const KNOWN_MS = 1_000;
/** The first delay of the log writer; it doubles with each kill. */
const FIRST_DELAY_MS = 500;
const START_MS = 5_000;
/** Longer delays are not waited for. */
const MAX_DELAY_MS = 8_000;

export class RevivalOracle {
  #world: RevivalWorld;
  /** When `down` was asked for; null: it was not. */
  downSinceMs: number | null = null;

  constructor(world: RevivalWorld) {
    this.#world = world;
  }

  onRevival(): void {
    const last = this.#world.guests.findLast(({ shellSinceMs }) => shellSinceMs !== null);
    if (!last) this.#world.fail('revival: a supervisor is started, and none was ever there');
    if (!mayComeBack(last.shell) && last.nextShells.length === 0 && this.#isKnown(last))
      this.#world.fail('revival: a supervisor is started, although the last `up` turned that off');
    if (this.downSinceMs !== null && last.lastAwakeMs > this.downSinceMs)
      this.#world.fail('revival: a supervisor is started after `down`');
  }

  /** @param guest was in charge */
  onEnd(guest: Guest): void {
    const { machine, guests, troubles, wantsDown } = this.#world;
    const isKilled = guest.ended !== null && 'signal' in guest.ended;
    if (!isKilled || guest.isLeaving || guest.nextShells.length > 0 || !mayComeBack(guest.shell) || wantsDown()) return;
    const kills = guests.filter(({ ended }) => ended !== null && 'signal' in ended).length;
    const delayMs = FIRST_DELAY_MS * 2 ** kills;
    if (!this.#isKnown(guest) || delayMs > MAX_DELAY_MS) return;
    // The fault itself counts as one.
    machine.schedule.after(1, () => {
      const before = troubles();
      machine.schedule.after(delayMs + START_MS, () => {
        if (troubles() === before && !wantsDown() && !cameBackAfter(guest, guests))
          this.#world.fail(`revival: no supervisor ${delayMs + START_MS} ms after one was killed`);
      });
    });
  }

  #isKnown = ({ shellSinceMs, lastAwakeMs }: Guest): boolean => lastAwakeMs - shellSinceMs! > KNOWN_MS;
}

/** One that runs, or that ended on purpose: the project may be over by then. */
function cameBackAfter(killed: Guest, guests: readonly Guest[]): boolean {
  const later = guests.slice(guests.indexOf(killed) + 1);
  return later.some(({ isAlive, ended }) => isAlive || (ended !== null && 'code' in ended));
}
