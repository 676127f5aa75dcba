// Recognises a save by rename: the file is whole at the first event. Every other way to save a file may show half of it.
import { platform } from '../platform.ts';
import { fingerprint } from './watch-points.ts';

/** Events of the directories of one burst; those of entries that are not watched do not count. */
type Burst = { renames: number; changes: number };

export class ReplacedFile {
  #onReplaced: () => void;
  #burst: Burst | null = null;

  constructor(onReplaced: () => void) {
    this.#onReplaced = onReplaced;
  }

  /**
   * A directory reports an event of an entry.
   *
   * @param event `rename`: the entry appeared, vanished, or was replaced. `change`: the file was written to
   * @param paths of all watched files. @param before their fingerprint
   */
  note(event: string, paths: readonly string[], before: string): void {
    const isFirst = this.#burst === null;
    this.#burst ??= { renames: 0, changes: 0 };
    if (event === 'rename') this.#burst.renames++;
    else this.#burst.changes++;
    if (isFirst && platform === 'linux') this.#watchForMore(paths, before);
  }

  /** The burst is over. */
  settled(): void {
    this.#burst = null;
  }

  /**
   * rename(2) replaces the file by one event. A program that removes the file and creates another one causes two, both before
   * the new file can be seen: inotify has queued the second by then, and the next turn of the event loop reports it.
   */
  #watchForMore(paths: readonly string[], before: string): void {
    const burst = this.#burst;
    setImmediate(() => {
      const now = fingerprint(paths);
      if (!isOneFileReplaced(before, now)) return;
      setImmediate(() => {
        const isRename = burst === this.#burst && burst?.renames === 1 && burst.changes === 0;
        if (isRename && fingerprint(paths) === now) this.#onReplaced();
      });
    });
  }
}

/** Of several files that belong together, others may still be saved: only one that is alone counts. */
function isOneFileReplaced(before: string, now: string): boolean {
  const [former, present] = [filesIn(before), filesIn(now)];
  if (former.length !== 1 || present.length !== 1) return false;
  return former[0]!.at === present[0]!.at && former[0]!.identity !== present[0]!.identity;
}

type SeenFile = { at: number; identity: string };

/** The files that exist. */
function filesIn(text: string): SeenFile[] {
  return text.split('\n').flatMap((line, at) => {
    const [dev, ino] = line.split(':');
    return ino === undefined ? [] : [{ at, identity: `${dev}:${ino}` }];
  });
}
