// Where the output of the commands goes that run for an instance or a service (hooks, drains, stop commands, `watch.run`): through
// FIFOs of their own into the service's log queue, marked with the command's name. No byte of it passes this process.
import { closeSync } from 'node:fs';
import { fifoPaths, type ProjectPaths } from '../../api/paths.ts';
import type { ServiceSpec } from '../../core/spec.ts';
import { ownerOf } from '../../launch/run-as.ts';
import type { LogWriterClient } from '../../logs/log-writer-client.ts';
import { giveFifo, makeFifos, openFifoForChild } from '../../os/fifo.ts';

export type CommandOutput = {
  out: number;
  err: number;
  /** Call it once the command has ended. @returns the end of what it printed; '': not known */
  tail(): Promise<string>;
  /** Once: what is in the FIFOs is still read. */
  close(): void;
};

/** The log of one command. */
export type CommandLog = {
  /** @returns null: it cannot be opened now; the command then runs without. */
  open(): Promise<CommandOutput | null>;
  /** It failed. @param lines the end of its output, secrets masked */
  failed?(lines: string[]): void;
};

export type CommandSource = 'before_start' | 'after_ready' | 'after_exit' | 'drain' | 'stop' | 'watch' | 'reload';

/** A failure is reported after this time at the latest. */
const TAIL_DEADLINE_MS = 500;

type LoggedService = Pick<ServiceSpec, 'name' | 'logQueue' | 'stderrQueue' | 'user' | 'group'>;
type OpenFifos = { out: number; err: number; users: number };

export class CommandOutputs {
  readonly #paths: ProjectPaths;
  readonly #writer: LogWriterClient;
  readonly #open = new Map<string, OpenFifos>();
  #toMake: string[] = [];
  #making: Promise<void> | null = null;

  constructor(paths: ProjectPaths, writer: LogWriterClient) {
    this.#paths = paths;
    this.#writer = writer;
  }

  /** @param subject an instance, or a service */
  logOf(subject: string, source: CommandSource, spec: LoggedService) {
    const id = `${subject}:${source}`;
    const open = () => this.#openFor(id, spec).catch(() => null); // no descriptor is left, or the disk is full
    return { open } satisfies CommandLog;
  }

  async #openFor(id: string, spec: LoggedService): Promise<CommandOutput> {
    const { name: service, logQueue: queue, stderrQueue } = spec;
    const { out: outPath, err: errPath } = fifoPaths(this.#paths, id);
    await this.#make([outPath, errPath]);
    const fifos = this.#open.get(id) ?? openPair(outPath, errPath);
    for (const fd of [fifos.out, fifos.err]) giveFifo(fd, ownerOf(spec));
    fifos.users += 1;
    this.#open.set(id, fifos);
    const split = stderrQueue ? { errQueue: stderrQueue } : {};
    void this.#writer.attach([{ instance: id, service, queue, ...split, outPath, errPath }]).catch(() => undefined); // the client reports it
    return {
      out: fifos.out,
      err: fifos.err,
      tail: () => this.#writer.endOfOutput(id, TAIL_DEADLINE_MS).catch(() => ''), // a lost writer reads it later
      close: () => this.#close(id, fifos),
    };
  }

  /** One mkfifo(1) for all commands that begin together: a pool has many. */
  #make(paths: string[]): Promise<void> {
    this.#toMake.push(...paths);
    this.#making ??= new Promise((resolve) => setImmediate(resolve)).then(() => {
      this.#making = null;
      return makeFifos(this.#toMake.splice(0));
    });
    return this.#making;
  }

  /** The FIFOs stay open until a writer has read them. */
  #close(id: string, fifos: OpenFifos): void {
    fifos.users -= 1;
    if (fifos.users > 0) return;
    const detached = this.#writer.detach([id]).catch(() => undefined); // a lost writer has nothing attached
    void detached.finally(() => {
      if (fifos.users > 0) return; // the next command of this kind began meanwhile
      if (this.#open.get(id) === fifos) this.#open.delete(id);
      closeSync(fifos.out);
      closeSync(fifos.err);
    });
  }
}

function openPair(outPath: string, errPath: string): OpenFifos {
  const out = openFifoForChild(outPath);
  try {
    return { out, err: openFifoForChild(errPath), users: 0 };
  } catch (error) {
    closeSync(out);
    throw error;
  }
}
