// The TCP ports of the simulated machine. Each project has a range of its own, so that two never choose the same at once, which
// the real search makes unlikely. Each supervisor begins elsewhere in it: a port that stays was kept, not chosen again.
const COUNT = 2_000;

export class FreePorts {
  #offset: number | null = null;

  choose(taken: ReadonlySet<number>): number | null {
    const { guest, machine } = bridge;
    const first = 40_000 + COUNT * Number(guest.options.root.slice(2));
    this.#offset ??= machine.chance.between(0, COUNT - 1);
    for (let step = 0; step < COUNT; step++) {
      const port = first + ((this.#offset + step) % COUNT);
      if (!taken.has(port) && this.isFree(port)) return port;
    }
    return null;
  }

  isFree(port: number): boolean {
    const { ports } = bridge.machine;
    return ports.ownerOf(port) === null && !ports.isTaken(port) && !ports.isClosing(port);
  }
}
