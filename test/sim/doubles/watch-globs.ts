// The watch of globs: every file below the first of its paths counts, unless its event is lost.
import type { GlobWatch, GlobWatchOptions } from '../../../src/os/watch/watch-globs.ts';

export type { GlobWatch } from '../../../src/os/watch/watch-globs.ts';

export function watchGlobs(root: string, { paths: [path = ''], onChange }: GlobWatchOptions): GlobWatch {
  const { guest, machine } = bridge;
  const base = `${root}/${path}/`;
  const hear = (changed: string): void => {
    if (guest.isAlive && changed.startsWith(base)) guest.later(0, () => onChange(changed.slice(root.length + 1)));
  };
  machine.watchers.add(hear);
  return {
    ready: Promise.resolve(),
    close: async () => {
      machine.watchers.delete(hear);
    },
  };
}
