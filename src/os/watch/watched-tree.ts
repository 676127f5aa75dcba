// The files below one base of a watch, as they were last seen. Compares them with the disk, one entry or all of them, and
// reports what differs: an event only says where to look. Follows symbolic links, each directory behind one once.
import type { BigIntStats, Dirent } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { errnoOf } from '../errors.ts';
import type { GlobBase } from './glob-filter.ts';
import { pointsKey, watchPoints } from './watch-points.ts';

/** What the tree needs of the watch as a whole. */
export type TreeHost = {
  isIgnored(path: string): boolean;
  changed(path: string): void;
  /** @param entry in the directory; null: any. @returns a function that ends it; null: nothing is watched by events. */
  listen(directory: string, onEvent: (entry: string | null, isRename: boolean) => void): (() => void) | null;
  /** Runs it later, one at a time; a second one of the same key is dropped while the first one waits. */
  enqueue(key: string, job: () => Promise<void>): void;
  /** The directory exists and cannot be read. */
  unreadable(path: string, errno: string): void;
};

type Content =
  | { kind: 'missing' }
  | { kind: 'file'; fingerprint: string }
  | { kind: 'directory'; real: string; entries: Map<string, Entry>; unlisten: (() => void) | null };

type Entry = {
  path: string;
  /** Below the base. */
  depth: number;
  parent: Entry | null;
  /** It, or a directory on the way to it, is a link. */
  isBehindLink: boolean;
  content: Content;
  /** On the places that a link, or the base, leads through. */
  points: { key: string; unlisten: () => void } | null;
};

type Look = { isFirst: boolean; isDeep: boolean };

const MISSING: Content = { kind: 'missing' };
/** Files whose state is read at the same time. */
const CHUNK = 32;
/** How often the way of a link may change while it is read. */
const MAX_ROUNDS = 5;

export class WatchedTree {
  readonly #base: GlobBase;
  readonly #host: TreeHost;
  readonly #root: Entry;
  /** Directories behind links, so that links in circles end. */
  readonly #linked = new Map<string, Entry>();

  constructor(base: GlobBase, host: TreeHost) {
    this.#base = base;
    this.#host = host;
    this.#root = newEntry(base.path, null, false);
  }

  /** Compares all of it with the disk. `isFirst`: takes it as it is, without a report. */
  async scan(isFirst: boolean): Promise<void> {
    if (this.#host.isIgnored(this.#base.path)) return;
    await this.#examine(this.#root, { isFirst, isDeep: true });
  }

  /** Ends the events; what was seen is kept for `scan`. */
  unlisten(): void {
    for (const entry of [...this.#below(this.#root)]) unlisten(entry);
  }

  /** @param isPlain its directory says that it is not a link */
  async #examine(entry: Entry, look: Look, isPlain = false): Promise<void> {
    const isLinked = entry.parent !== null && !isPlain && (await isLink(entry.path));
    if (isLinked || entry.parent === null) this.#watchWay(entry);
    else endPoints(entry);
    await this.#compare(entry, await statOf(entry.path), isLinked, look);
  }

  /** Each place on the way, before the end of it is read; again if the way changed meanwhile. */
  #watchWay(entry: Entry): void {
    for (let round = 0; round < MAX_ROUNDS && this.#watchPoints(entry); round++);
  }

  /** @returns true: the way is another one than before. */
  #watchPoints(entry: Entry): boolean {
    const points = watchPoints([entry.path]);
    const key = pointsKey(points);
    if (key === entry.points?.key) return false;
    const again = (): void => {
      this.#host.enqueue(entry.path, () => this.#examine(entry, { isFirst: false, isDeep: true }));
    };
    const closers = [...points].map(([directory, names]) =>
      this.#host.listen(directory, (name) => (name === null || names.has(name)) && again()),
    );
    endPoints(entry);
    entry.points = {
      key,
      unlisten: () => {
        for (const close of closers) close?.();
      },
    };
    if (!closers.includes(null)) return true;
    endPoints(entry);
    return false;
  }

  async #compare(entry: Entry, now: BigIntStats | null, isLinked: boolean, look: Look): Promise<void> {
    const before = entry.content;
    if (now?.isDirectory()) return await this.#compareDirectory(entry, isLinked, look);
    // Sockets and FIFOs are what a program makes when it starts.
    if (!now?.isFile() || !this.#base.isMatch(entry.path)) return this.#forget(entry, look);
    if (before.kind === 'directory') this.#forget(entry, look);
    const fingerprint = fingerprintOf(now);
    entry.content = { kind: 'file', fingerprint };
    if (before.kind === 'file' && before.fingerprint === fingerprint) return;
    if (!look.isFirst) this.#host.changed(entry.path);
  }

  async #compareDirectory(entry: Entry, isLinked: boolean, look: Look): Promise<void> {
    const { parent, content: before } = entry;
    if (entry.depth >= this.#base.maxDepth) return this.#forget(entry, look);
    const isResolved = parent === null || isLinked;
    const real = isResolved ? await realOrNull(entry.path) : join(realOf(parent), nameOf(entry));
    entry.isBehindLink = isLinked || parent?.isBehindLink === true;
    if (real === null || (isLinked && (await leadsUp(entry.path, real)))) return this.#forget(entry, look);
    if (entry.isBehindLink && (this.#linked.get(real) ?? entry) !== entry) return this.#forget(entry, look);
    const isSame = before.kind === 'directory' && before.real === real;
    if (isSame && !look.isDeep) return;
    if (before.kind !== 'directory') this.#forget(entry, look);
    if (before.kind === 'directory' && !isSame) this.#linked.delete(before.real);
    if (entry.isBehindLink) this.#linked.set(real, entry);
    // Another directory may have this name now: the old events end once the new ones come.
    const unlisten = this.#host.listen(entry.path, (name, isRename) => this.#onEvent(entry, name, isRename));
    if (before.kind === 'directory') before.unlisten?.();
    const entries = before.kind === 'directory' ? before.entries : new Map<string, Entry>();
    entry.content = { kind: 'directory', real, entries, unlisten };
    await this.#readDirectory(entry, entries, look);
  }

  async #readDirectory(directory: Entry, entries: Map<string, Entry>, look: Look): Promise<void> {
    const found = await readdir(directory.path, { withFileTypes: true }).catch((error) => {
      if (['EACCES', 'EPERM'].includes(errnoOf(error))) this.#host.unreadable(directory.path, errnoOf(error));
      return null; // gone: its parent reports that
    });
    if (found === null) return;
    const names = new Set(found.map(({ name }) => name));
    for (const [name, entry] of entries) if (!names.has(name)) this.#remove(directory, entry, look);
    const wanted = found.filter((one) => this.#mayMatch(join(directory.path, one.name), one));
    const [files, others] = [wanted.filter((one) => one.isFile()), wanted.filter((one) => !one.isFile())];
    for (let at = 0; at < files.length; at += CHUNK)
      await Promise.all(files.slice(at, at + CHUNK).map(({ name }) => this.#examineChild(directory, name, look, true)));
    for (const one of others) await this.#examineChild(directory, one.name, look, one.isDirectory());
  }

  #mayMatch(path: string, found: Dirent | null): boolean {
    return !this.#host.isIgnored(path) && (!found?.isFile() || this.#base.isMatch(path));
  }

  async #examineChild(directory: Entry, name: string, look: Look, isPlain = false): Promise<void> {
    if (directory.content.kind !== 'directory') return;
    const { entries } = directory.content;
    const path = join(directory.path, name);
    const child = entries.get(name) ?? newEntry(path, directory, directory.isBehindLink);
    await this.#examine(child, look, isPlain);
    // A link to nothing is kept: its target may come.
    if (child.content.kind !== 'missing' || child.points !== null) entries.set(name, child);
    else this.#remove(directory, child, look);
  }

  #onEvent(directory: Entry, name: string | null, isRename: boolean): void {
    if (name === null) {
      this.#host.enqueue(directory.path, () => this.#examine(directory, { isFirst: false, isDeep: true }));
      return;
    }
    const path = join(directory.path, name);
    if (!this.#mayMatch(path, null)) return;
    // A rename may have put another directory in its place.
    const look = { isFirst: false, isDeep: isRename };
    this.#host.enqueue(`${path}${isRename ? sep : ''}`, () => this.#examineChild(directory, name, look));
  }

  #remove(directory: Entry, entry: Entry, look: Look): void {
    this.#forget(entry, look);
    endPoints(entry);
    if (directory.content.kind === 'directory') directory.content.entries.delete(nameOf(entry));
  }

  /** It is not what it was: ends the events below it, and reports each file that is gone with it. */
  #forget(entry: Entry, look: Look): void {
    const gone = [...this.#below(entry)];
    const { content } = entry;
    entry.content = MISSING;
    for (const one of gone) {
      if (one !== entry) endPoints(one);
      const was = one === entry ? content : one.content;
      if (was.kind === 'directory') {
        was.unlisten?.();
        if (this.#linked.get(was.real) === one) this.#linked.delete(was.real);
      }
      if (was.kind === 'file' && !look.isFirst) this.#host.changed(one.path);
    }
  }

  *#below(entry: Entry): Generator<Entry> {
    yield entry;
    if (entry.content.kind === 'directory')
      for (const child of entry.content.entries.values()) yield* this.#below(child);
  }
}

function newEntry(path: string, parent: Entry | null, isBehindLink: boolean): Entry {
  const depth = parent === null ? 0 : parent.depth + 1;
  return { path, depth, parent, isBehindLink, content: MISSING, points: null };
}

function unlisten(entry: Entry): void {
  if (entry.content.kind === 'directory') entry.content.unlisten?.();
  endPoints(entry);
}

function endPoints(entry: Entry): void {
  entry.points?.unlisten();
  entry.points = null;
}

const nameOf = ({ path, parent }: Entry): string =>
  parent === null ? path : path.slice(join(parent.path, sep).length);

function realOf({ path, content }: Entry): string {
  return content.kind === 'directory' ? content.real : path;
}

async function isLink(path: string): Promise<boolean> {
  return await lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );
}

async function realOrNull(path: string): Promise<string | null> {
  return await realpath(path).catch(() => null); // gone just now: an event follows
}

/** A link to a directory that it lies in: everything behind it is seen without it. */
async function leadsUp(link: string, target: string): Promise<boolean> {
  const from = await realOrNull(dirname(link));
  return from !== null && (from === target || from.startsWith(join(target, sep)));
}

async function statOf(path: string): Promise<BigIntStats | null> {
  return await stat(path, { bigint: true }).catch(() => null); // gone, a link to nothing, or in a circle
}

/** Without the time of the last status change: a hard link made elsewhere is not an edit. */
function fingerprintOf({ dev, ino, size, mode, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs].join(':');
}
