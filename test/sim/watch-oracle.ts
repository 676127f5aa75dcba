// Watched files of one project: each edit is acted on, and nothing is done without one. Reads what the supervisor reports. Part of
// the oracle: throws by `fail` where that does not hold.
import type { ServiceName } from '../../src/core/spec.ts';
import type { Kernel } from '../../src/supervisor/kernel/kernel.ts';
import type { Machine } from './machine/machine.ts';

/** The debounce, and what a supervisor takes for it. */
const SEEN_WITHIN_MS = 5_000;

export type WatchWorld = {
  machine: Machine;
  root: string;
  kernel(): Kernel | null;
  /** Differs once something happens that may keep a supervisor from its work. */
  stateKey(): string;
  fail(what: string): never;
};

export class WatchOracle {
  readonly #world: WatchWorld;
  /** Service -> edits of its files so far. */
  readonly #edits = new Map<string, number>();
  readonly #reports = new Map<string, number>();
  /** Edits while edits are paused: they are acted on afterwards. */
  #held: { name: string; before: number; key: string }[] = [];
  /** How often `orch pause` and `orch resume` were typed. */
  #pauses = 0;
  #isPaused = false;

  constructor(world: WatchWorld) {
    this.#world = world;
  }

  /** A person saves a file of the service. */
  edit(name: string): void {
    const { machine, root } = this.#world;
    const count = (this.#edits.get(name) ?? 0) + 1;
    this.#edits.set(name, count);
    const held = { name, before: this.#reportsOf(name), key: this.#world.stateKey() };
    if (!this.#isPaused) this.#expectReport(name, held.before);
    else if (machine.faults.watchEvents === 0) this.#held.push(held);
    const directory = `${root}/src/${name}`;
    machine.edit(`${directory}/main`, () => {
      machine.files.makeDirectory(directory);
      machine.files.put(`${directory}/main`, String(count));
    });
  }

  onPause(): void {
    this.#pauses++;
    this.#isPaused = true;
  }

  onResume(): void {
    this.#pauses++;
    this.#isPaused = false;
    for (const { name, before, key } of this.#held.splice(0))
      if (key === this.#world.stateKey()) this.#expectReport(name, before);
  }

  /** The supervisor says that it acts on changed files of the service. */
  onFilesChanged(name: string): void {
    const count = this.#reportsOf(name) + 1;
    this.#reports.set(name, count);
    const edits = this.#edits.get(name) ?? 0;
    if (count > edits)
      this.#world.fail(`I4: ${name} is restarted ${count} times for changed files, with ${edits} edits of its files`);
  }

  #reportsOf(name: string): number {
    return this.#reports.get(name) ?? 0;
  }

  /** Unless an event is lost, or something happens meanwhile that may keep the supervisor from it. */
  #expectReport(name: string, before: number): void {
    const { machine, kernel, stateKey } = this.#world;
    const key = stateKey();
    const pauses = this.#pauses;
    const isKnown = kernel()?.desired.services.has(name as ServiceName) ?? false;
    if (!isKnown || machine.faults.watchEvents > 0) return;
    machine.schedule.after(SEEN_WITHIN_MS, () => {
      if (stateKey() !== key || this.#pauses !== pauses || this.#reportsOf(name) > before) return;
      this.#world.fail(`watch: an edit of a file of ${name} was not seen`);
    });
  }
}
