// FIFOs without bytes: names in the simulated file tree.

export async function makeFifos(paths: string[]): Promise<void> {
  const { guest, machine } = bridge;
  await guest.pooled(() => {
    for (const path of paths) {
      if (machine.files.get(path)) continue;
      guest.effect(`mkfifo ${path}`);
      machine.files.makeDirectory(path.slice(0, path.lastIndexOf('/')));
      machine.files.create(path, 'fifo');
    }
  });
}

let nextFd = 100_000;

export const openFifoForChild = (_path: string): number => nextFd++;
export const openFifoForReading = openFifoForChild;
export const openFifoAsInput = openFifoForChild;

/** There is one user. */
export const giveFifo = (): void => undefined;
