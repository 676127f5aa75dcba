// The FIFOs that instances with `stdin: true` read from. Ours are open for reading and writing as long as the slot is
// there, so that neither the program nor whoever writes ever sees the other end vanish. Reads and writes nothing.
import { closeSync } from 'node:fs';
import { inputPath, type ProjectPaths } from '../api/paths.ts';
import type { InstanceId } from '../core/model.ts';
import { makeFifos, openFifoForChild } from '../runtime/fifo.ts';

export class InputTable {
  #paths: ProjectPaths;
  #open = new Map<InstanceId, number>();

  constructor(paths: ProjectPaths) {
    this.#paths = paths;
  }

  /** @returns the descriptor for the child. Rejects where the FIFO cannot be made. */
  async open(id: InstanceId): Promise<number> {
    const known = this.#open.get(id);
    if (known !== undefined) return known;
    const path = inputPath(this.#paths, id);
    await makeFifos([path]);
    const fd = this.#open.get(id) ?? openFifoForChild(path);
    this.#open.set(id, fd);
    return fd;
  }

  close(id: InstanceId): void {
    const fd = this.#open.get(id);
    this.#open.delete(id);
    if (fd !== undefined) closeSync(fd);
  }
}
