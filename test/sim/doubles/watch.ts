// The file watch: an event reaches it a moment after a change, unless it is lost; it looks by itself every 2 s.
import type { FileWatch, WatchOptions } from '../../../src/os/watch/watch-files.ts';

export type { FileWatch, WatchOptions } from '../../../src/os/watch/watch-files.ts';

const SETTLE_MS = 50;
const POLL_MS = 2_000;

export function watchFiles(first: string[], onChange: () => void, options: WatchOptions = {}): FileWatch {
  const { guest, machine } = bridge;
  let paths = first;
  let seen = fingerprint();
  let settle: ReturnType<typeof setTimeout> | null = null;
  function fingerprint(): string {
    return paths.map((path) => `${machine.files.get(path)?.ino} ${machine.files.get(path)?.version}`).join();
  }
  const noticed = (): void => {
    if (settle) clearTimeout(settle);
    else options.onFirstEvent?.();
    settle = setTimeout(settled, SETTLE_MS);
  };
  const settled = (): void => {
    settle = null;
    seen = fingerprint();
    onChange();
  };
  const hear = (path: string): void => {
    if (guest.isAlive && paths.includes(path)) guest.later(0, noticed);
  };
  machine.watchers.add(hear);
  const poll = setInterval(() => {
    if (fingerprint() !== seen) noticed();
  }, POLL_MS);
  // What changed while it was being set up, no event told.
  noticed();
  return {
    update: (next) => {
      paths = next;
      seen = fingerprint();
      noticed();
    },
    checkAgain: () => {
      settle ??= setTimeout(settled, SETTLE_MS);
    },
    close: async () => {
      machine.watchers.delete(hear);
      clearInterval(poll);
      if (settle) clearTimeout(settle);
    },
  };
}
