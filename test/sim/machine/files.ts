// The file system of the simulated machine: a tree in memory. A write is seen by the others at once; only processes
// crash here, never the power.

export type Inode = {
  ino: number;
  kind: 'file' | 'directory' | 'fifo';
  text: string;
  mode: number;
  /** Changes with every write: what a watcher compares. */
  version: number;
  /** Opening it fails with this errno. */
  refuses: string | null;
};

export class FileTree {
  #nodes = new Map<string, Inode>();
  #nextIno = 1;
  #versions = 0;

  constructor() {
    this.makeDirectory('/');
    this.makeDirectory('/tmp');
    this.makeDirectory('/dev');
    this.create('/dev/null');
  }

  get(path: string): Inode | undefined {
    return this.#nodes.get(path);
  }

  /** Creates missing parents too. @returns whether it was missing. */
  makeDirectory(path: string): boolean {
    if (this.#nodes.has(path)) return false;
    if (path !== '/') this.makeDirectory(parentOf(path));
    this.#nodes.set(path, this.#newNode('directory', 0o700));
    return true;
  }

  create(path: string, kind: Inode['kind'] = 'file', mode = 0o600): Inode {
    if (!this.#nodes.has(parentOf(path))) throw errno('ENOENT', path);
    const node = this.#newNode(kind, mode);
    this.#nodes.set(path, node);
    return node;
  }

  write(node: Inode, text: string): void {
    node.text = text;
    node.version = ++this.#versions;
  }

  /** Replaces or creates. */
  put(path: string, text: string): void {
    const node = this.#nodes.get(path) ?? this.create(path);
    this.write(node, text);
  }

  rename(from: string, to: string): void {
    const node = this.#nodes.get(from);
    if (!node) throw errno('ENOENT', from);
    if (!this.#nodes.has(parentOf(to))) throw errno('ENOENT', to);
    this.#nodes.delete(from);
    this.#nodes.set(to, node);
  }

  remove(path: string): void {
    if (!this.#nodes.delete(path)) throw errno('ENOENT', path);
  }

  removeTree(path: string): void {
    for (const name of [...this.#nodes.keys()]) {
      if (name === path || name.startsWith(`${path}/`)) this.#nodes.delete(name);
    }
  }

  list(path: string): string[] {
    if (this.#nodes.get(path)?.kind !== 'directory') throw errno('ENOENT', path);
    const prefix = path === '/' ? '/' : `${path}/`;
    const names: string[] = [];
    for (const name of this.#nodes.keys()) {
      if (name.startsWith(prefix) && !name.includes('/', prefix.length)) names.push(name.slice(prefix.length));
    }
    return names;
  }

  #newNode(kind: Inode['kind'], mode: number): Inode {
    return { ino: this.#nextIno++, kind, text: '', mode, version: ++this.#versions, refuses: null };
  }
}

/** Made without the constructor, whose stack costs more than the rest of the call and is never read. */
export function errno(code: string, what: string): NodeJS.ErrnoException {
  return Object.assign(Object.create(Error.prototype) as NodeJS.ErrnoException, { code, message: `${code}: ${what}` });
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
