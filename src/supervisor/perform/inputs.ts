// The FIFOs that instances with `stdin: true` read from. Ours are open for reading and writing as long as the slot is
// there, so that neither the program nor whoever writes ever sees the other end vanish. Reads and writes nothing.
import { closeSync } from 'node:fs';
import { inputPath, type ProjectPaths } from '../../api/paths.ts';
import type { InstanceId } from '../../core/model.ts';
import { makeFifos, openFifoAsInput, openFifoForChild } from '../../runtime/fifo.ts';

/** `both`: null once the end may be seen. `read`: null unless somebody may have to see an end; keeps what is unread. */
type Input = { both: number | null; read: number | null };

export class InputTable {
  #paths: ProjectPaths;
  #open = new Map<InstanceId, Input>();

  constructor(paths: ProjectPaths) {
    this.#paths = paths;
  }

  /** @returns the descriptor for the child, which sees no end. Rejects where the FIFO cannot be made. */
  async open(id: InstanceId): Promise<number> {
    const known = this.#open.get(id)?.both ?? null;
    if (known !== null) return known;
    const path = inputPath(this.#paths, id);
    await makeFifos([path]);
    const input = this.#open.get(id) ?? { both: null, read: null };
    input.both ??= openFifoForChild(path);
    this.#open.set(id, input);
    return input.both;
  }

  /** As `open`; the child sees the end when nobody has it open for writing any more. */
  async openToRead(id: InstanceId): Promise<number> {
    await this.open(id);
    const input = this.#open.get(id)!;
    input.read ??= openFifoAsInput(inputPath(this.#paths, id));
    return input.read;
  }

  /** The reader may see the end; what it does not read waits for the next one. */
  endWriting(id: InstanceId): void {
    const input = this.#open.get(id);
    if (!input || input.both === null || input.read === null) return;
    closeSync(input.both);
    input.both = null;
  }

  close(id: InstanceId): void {
    const input = this.#open.get(id);
    this.#open.delete(id);
    for (const fd of [input?.both, input?.read]) if (typeof fd === 'number') closeSync(fd);
  }
}
