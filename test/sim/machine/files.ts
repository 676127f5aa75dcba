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
  /** Symbolic links to directories: path -> absolute target. */
  #links = new Map<string, string>();
  #nextIno = 1;
  #versions = 0;

  constructor() {
    this.makeDirectory('/');
    this.makeDirectory('/tmp');
    this.makeDirectory('/dev');
    this.create('/dev/null');
  }

  get(path: string): Inode | undefined {
    return this.#nodes.get(this.real(path));
  }

  /** Makes or switches a link to a directory. */
  link(path: string, target: string): void {
    this.#links.set(path, target);
  }

  /** Without links. */
  real(path: string): string {
    if (this.#links.size === 0) return path;
    for (const [link, target] of this.#links)
      if (path === link || path.startsWith(`${link}/`)) return `${target}${path.slice(link.length)}`;
    return path;
  }

  /** Creates missing parents too. @returns whether it was missing. */
  makeDirectory(given: string): boolean {
    const path = this.real(given);
    if (this.#nodes.has(path)) return false;
    if (path !== '/') this.makeDirectory(parentOf(path));
    this.#nodes.set(path, this.#newNode('directory', 0o700));
    return true;
  }

  create(given: string, kind: Inode['kind'] = 'file', mode = 0o600): Inode {
    const path = this.real(given);
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
    const node = this.get(path) ?? this.create(path);
    this.write(node, text);
  }

  /** A directory with all that is in it. */
  rename(givenFrom: string, givenTo: string): void {
    const [from, to] = [this.real(givenFrom), this.real(givenTo)];
    const node = this.#nodes.get(from);
    if (!node) throw errno('ENOENT', from);
    if (!this.#nodes.has(parentOf(to))) throw errno('ENOENT', to);
    const names = node.kind === 'directory' ? [...this.#nodes.keys()] : [];
    for (const name of [from, ...names.filter((one) => one.startsWith(`${from}/`))]) {
      const moved = this.#nodes.get(name)!;
      this.#nodes.delete(name);
      this.#nodes.set(`${to}${name.slice(from.length)}`, moved);
    }
  }

  remove(path: string): void {
    if (!this.#nodes.delete(this.real(path))) throw errno('ENOENT', path);
  }

  removeTree(given: string): void {
    const path = this.real(given);
    for (const name of [...this.#nodes.keys()]) {
      if (name === path || name.startsWith(`${path}/`)) this.#nodes.delete(name);
    }
  }

  list(given: string): string[] {
    const path = this.real(given);
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
