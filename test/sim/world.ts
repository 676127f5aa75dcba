// A naive operating system: processes that obey, ignore, crash, linger; it knows nothing of slots or plans. The truth that
// the properties are checked against.
import type { Exit } from '../../src/core/model.ts';
import type { Chance, Schedule } from './schedule.ts';

/** How a program behaves. Times in ms; null: never. */
export type Program = {
  /** Ends by itself after this long, with this exit code. */
  endsAfterMs: number | null;
  exitCode: number;
  /** How long it takes to end after the stop signal; null: ignores it. */
  obeysAfterMs: number | null;
  /** Children that stay behind when the main process ends, and whether they obey the stop signal. */
  leaves: { obeysAfterMs: number | null } | null;
};

export type WorldProcess = {
  pid: number;
  startTime: string;
  nonce: string;
  id: string;
  specHash: string;
  isLeader: boolean;
  program: Program;
  startedMs: number;
  alive: boolean;
};

export class World {
  processes: WorldProcess[] = [];
  /** Programs are good-natured from now on: the end of the faults. */
  calm = false;
  schedule: Schedule;
  chance: Chance;
  #nextPid = 100;

  constructor(schedule: Schedule, chance: Chance) {
    this.schedule = schedule;
    this.chance = chance;
  }

  spawn(id: string, specHash: string, nonce: string, program: Program, onExit: (exit: Exit) => void): WorldProcess {
    const leader = this.#add(id, specHash, nonce, program, true);
    this.#exitOf.set(leader, onExit);
    if (program.leaves)
      this.#add(id, specHash, nonce, { ...program, obeysAfterMs: program.leaves.obeysAfterMs }, false);
    if (program.endsAfterMs !== null) {
      this.schedule.after(program.endsAfterMs, () => {
        if (!this.calm || program.exitCode === 0) this.end(leader, { code: program.exitCode });
      });
    }
    return leader;
  }

  /** Ends one process; its parent (if it still is ours) hears of it a little later. */
  end(process: WorldProcess, exit: Exit): void {
    if (!process.alive) return;
    process.alive = false;
    this.#exitOf.get(process)?.(exit);
  }

  signalTree(nonce: string): void {
    for (const process of this.treeOf(nonce)) {
      const { obeysAfterMs } = process.program;
      if (obeysAfterMs !== null) this.schedule.after(obeysAfterMs, () => this.end(process, { signal: 'SIGTERM' }));
    }
  }

  killTree(nonce: string): void {
    for (const process of this.treeOf(nonce)) {
      this.schedule.after(this.chance.between(0, 5), () => this.end(process, { signal: 'SIGKILL' }));
    }
  }

  treeOf(nonce: string): WorldProcess[] {
    return this.processes.filter((process) => process.alive && process.nonce === nonce);
  }

  leaders(): WorldProcess[] {
    return this.processes.filter((process) => process.alive && process.isLeader);
  }

  alive(): WorldProcess[] {
    return this.processes.filter((process) => process.alive);
  }

  /** A supervisor died: nobody hears of exits any more. */
  orphanAll(): void {
    this.#exitOf.clear();
  }

  #exitOf = new Map<WorldProcess, (exit: Exit) => void>();

  #add(id: string, specHash: string, nonce: string, program: Program, isLeader: boolean): WorldProcess {
    const pid = this.#nextPid++;
    const process = {
      pid,
      startTime: String(this.schedule.nowMs),
      nonce,
      id,
      specHash,
      isLeader,
      program,
      startedMs: this.schedule.nowMs,
      alive: true,
    };
    this.processes.push(process);
    return process;
  }
}
