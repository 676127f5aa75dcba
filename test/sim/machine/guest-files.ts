// `node:fs` of a simulated process over the machine's file tree and its /proc. Only what the supervisor uses.
import { constants } from 'node:fs';
import { errno, type Inode } from './files.ts';
import type { Guest } from './guest.ts';
import { readProc } from './proc.ts';

type Data = string | Buffer;
type WriteOptions = { mode?: number; flag?: string };

const WRITES = constants.O_WRONLY | constants.O_RDWR;
/** The pipe to the command that started the supervisor. */
const ANSWER_PATH = '/proc/self/fd/3';
const STATE_FILE = 'state.json';

export function fakeFiles(guest: Guest) {
  const operations = new FileOperations(guest);
  return {
    constants,
    accessSync: (path: string) => void operations.stat(path),
    existsSync: (path: string) => operations.exists(path),
    openSync: (path: string, flags: number | string = 'r', mode?: number) => operations.open(path, flags, mode),
    closeSync: (fd: number) => void guest.files.delete(fd),
    readSync: (fd: number, into: Buffer, at: number, length: number, position: number | null) =>
      operations.read(fd, into, at, length, position ?? 0),
    writeSync: (fd: number, text: string) => operations.say(fd, text),
    readFileSync: (at: string | number, encoding?: string) => operations.readFile(at, encoding),
    writeFileSync: (path: string, data: Data, options?: WriteOptions) => operations.writeFile(path, data, options),
    appendFileSync: (path: string, data: Data) => operations.append(path, data),
    statSync: (path: string) => operations.stat(path),
    lstatSync: (path: string) => operations.stat(path),
    fstatSync: (fd: number) => operations.stat(operations.pathOf(fd)),
    realpathSync: (path: string) => {
      operations.stat(path);
      return guest.machine.files.real(path);
    },
    readlinkSync: (path: string): never => {
      throw errno('EINVAL', path);
    },
    readdirSync: (path: string) => operations.list(path),
    mkdirSync: (path: string) => operations.makeDirectory(path),
    chmodSync: (path: string, mode: number) => operations.chmod(path, mode),
    renameSync: (from: string, to: string) => operations.rename(from, to),
    unlinkSync: (path: string) => operations.unlink(path),
    rmSync: (path: string) => operations.removeTree(path),
  };
}

export function fakePromisedFiles(guest: Guest) {
  const operations = new FileOperations(guest);
  const handle = (fd: number) => ({
    stat: () => guest.pooled(() => operations.stat(operations.pathOf(fd))),
    readFile: (encoding?: string) => guest.pooled(() => operations.readFile(fd, encoding)),
    writeFile: async (data: Data) => {
      // In two halves: a crash may come in between.
      const text = String(data);
      const half = Math.floor(text.length / 2);
      await guest.pooled(() => operations.write(operations.pathOf(fd), text.slice(0, half)));
      await guest.pooled(() => operations.write(operations.pathOf(fd), text));
    },
    sync: () => guest.pooled(() => undefined),
    close: () => guest.pooled(() => void guest.files.delete(fd)),
  });
  return {
    constants,
    open: (path: string, flags: number | string = 'r', mode?: number) =>
      guest.pooled(() => handle(operations.open(path, flags, mode))),
    stat: (path: string) => guest.pooled(() => operations.stat(path)),
    lstat: (path: string) => guest.pooled(() => operations.stat(path)),
    readFile: (path: string, encoding?: string) => guest.pooled(() => operations.readFile(path, encoding)),
    writeFile: (path: string, data: Data, options?: WriteOptions) =>
      guest.pooled(() => operations.writeFile(path, data, options)),
    appendFile: (path: string, data: Data) => guest.pooled(() => operations.append(path, data)),
    rename: (from: string, to: string) => guest.pooled(() => operations.rename(from, to)),
    unlink: (path: string) => guest.pooled(() => operations.unlink(path)),
    mkdir: (path: string) => guest.pooled(() => operations.makeDirectory(path)),
    rm: (path: string) => guest.pooled(() => operations.removeTree(path)),
  };
}

class FileOperations {
  #guest: Guest;
  #nextFd = 10;

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  open(path: string, flags: number | string, mode?: number): number {
    const { files } = this.#guest.machine;
    if (path === ANSWER_PATH) return this.#keep(path, '');
    const proc = readProc(this.#guest, path);
    if (proc !== null) return this.#keep(path, proc);
    const node = files.get(path);
    if (node?.refuses) throw errno(node.refuses, path);
    const creates = typeof flags === 'string' ? /[wa]/.test(flags) : (flags & constants.O_CREAT) !== 0;
    const truncates = typeof flags === 'string' ? flags.startsWith('w') : (flags & constants.O_TRUNC) !== 0;
    const exclusive = typeof flags === 'string' ? flags.includes('x') : (flags & constants.O_EXCL) !== 0;
    if (node && exclusive) throw errno('EEXIST', path);
    if (!node && !creates) throw errno('ENOENT', path);
    if (typeof flags === 'number' && (flags & WRITES) !== 0) this.#mayWrite(path);
    if (!node) {
      this.#guest.effect(`create ${path}`);
      files.create(path, 'file', mode);
    } else if (truncates) {
      this.#guest.effect(`truncate ${path}`);
      files.write(node, '');
    }
    return this.#keep(path, files.get(path)!.text);
  }

  #keep(path: string, text: string): number {
    const fd = this.#nextFd++;
    this.#guest.files.set(fd, { path, text });
    return fd;
  }

  pathOf(fd: number): string {
    const file = this.#guest.files.get(fd);
    if (!file) throw errno('EBADF', String(fd));
    return file.path;
  }

  read(fd: number, into: Buffer, at: number, length: number, position: number): number {
    const file = this.#guest.files.get(fd);
    if (!file) throw errno('EBADF', String(fd));
    return into.write(file.text.slice(position, position + length), at, length, 'latin1');
  }

  readFile(at: string | number, encoding?: string): Data {
    const text = typeof at === 'number' ? this.#guest.files.get(at)?.text : this.#textAt(at);
    if (text === undefined) throw errno('EBADF', String(at));
    return encoding ? text : Buffer.from(text);
  }

  #textAt(path: string): string {
    const proc = readProc(this.#guest, path);
    if (proc !== null) return proc;
    const node = this.#node(path);
    if (node.refuses) throw errno(node.refuses, path);
    return node.text;
  }

  writeFile(path: string, data: Data, { flag = 'w', mode }: WriteOptions = {}): void {
    const { files } = this.#guest.machine;
    if (flag.includes('x') && files.get(path)) throw errno('EEXIST', path);
    if (!files.get(path)) {
      this.#guest.effect(`create ${path}`);
      files.create(path, 'file', mode);
    }
    this.write(path, String(data));
  }

  write(path: string, text: string): void {
    this.#mayWrite(path);
    this.#guest.effect(`write ${path}`);
    const node = this.#guest.machine.files.get(path);
    if (node) this.#guest.machine.files.write(node, text); // otherwise it was removed while it was open
  }

  append(path: string, data: Data): void {
    const { files } = this.#guest.machine;
    this.#guest.effect(`append ${path}`);
    const node = files.get(path) ?? files.create(path);
    // What events say is not looked at: kept short.
    files.write(node, String(data));
  }

  say(fd: number, text: string): void {
    if (this.#guest.files.get(fd)?.path !== ANSWER_PATH) return;
    this.#guest.answer = text;
    this.#guest.machine.note(() => `pid ${this.#guest.process.pid} answers ${text}`);
    // A supervisor that refuses to start has nothing left to do.
    if (text.includes('"error"')) this.#guest.later(1, () => this.#guest.end({ code: 4 }));
  }

  exists(path: string): boolean {
    return path.startsWith('/proc/') || this.#guest.machine.files.get(path) !== undefined;
  }

  stat(path: string) {
    const { machine } = this.#guest;
    if (path.startsWith('/proc/'))
      return statOf({ ino: 1, kind: 'file', text: '', mode: 0o444, version: 0, refuses: null });
    const node = machine.files.get(path);
    if (!node) throw errno('ENOENT', path);
    return statOf(node);
  }

  list(path: string): string[] {
    if (path === '/proc/self/fd') return [];
    // The youngest first: libuv sorts by name, so that 1000 comes before 999.
    if (path === '/proc') return this.#guest.machine.processes.pids().map(String).reverse();
    return this.#guest.machine.files.list(path);
  }

  makeDirectory(path: string): void {
    if (this.#guest.machine.files.get(path)) return;
    this.#guest.effect(`mkdir ${path}`);
    this.#guest.machine.files.makeDirectory(path);
  }

  chmod(path: string, mode: number): void {
    const node = this.#node(path);
    if (node.mode === mode) return;
    this.#guest.effect(`chmod ${path}`);
    node.mode = mode;
  }

  rename(from: string, to: string): void {
    this.#node(from);
    this.#guest.effect(`rename ${to}`);
    this.#guest.machine.files.rename(from, to);
  }

  unlink(path: string): void {
    this.#node(path);
    this.#guest.effect(`unlink ${path}`);
    this.#guest.machine.files.remove(path);
  }

  removeTree(path: string): void {
    this.#guest.effect(`rm ${path}`);
    this.#guest.machine.files.removeTree(path);
  }

  #node(path: string): Inode {
    const node = this.#guest.machine.files.get(path);
    if (!node) throw errno('ENOENT', path);
    return node;
  }

  #mayWrite(path: string): void {
    const { saves } = this.#guest.machine.faults;
    if (saves.count === 0 || !path.startsWith(saves.under) || !path.includes(STATE_FILE)) return;
    saves.count--;
    throw errno('ENOSPC', path);
  }
}

function statOf({ ino, kind, text, mode, version }: Inode) {
  return {
    ino,
    dev: 1,
    uid: 0,
    mode,
    size: text.length,
    mtimeMs: version,
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'directory',
    isSymbolicLink: () => false,
    isFIFO: () => kind === 'fifo',
    isSocket: () => false,
  };
}
