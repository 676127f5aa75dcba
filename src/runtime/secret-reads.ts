// How secret files are read: few at a time, each path once, so that a file system that is gone takes two threads of the
// pool (4, libuv) and never all of them: the rest of the supervisor writes its state with the others.
import { readSecretFile, refused, type SecretFile } from './secret-file.ts';

/** A network drive that is gone answers never; nothing can call the read back, and it keeps its thread. */
const PATIENCE_MS = 10_000;
const MAX_UNDER_WAY = 2;

export class SecretReads {
  /** By path. */
  readonly #underWay = new Map<string, { isOverdue: boolean }>();
  /** By path, in the order of asking. All who ask before a read begins share it; nobody one that began before: it may be old. */
  readonly #next = new Map<string, Later>();
  readonly #patienceMs: number;
  readonly #readFile: (path: string) => Promise<SecretFile>;

  /** @param readFile instead of the disk, for tests */
  constructor(patienceMs = PATIENCE_MS, readFile = readSecretFile) {
    this.#patienceMs = patienceMs;
    this.#readFile = readFile;
  }

  /** @returns what the file holds now; ETIMEDOUT after the patience, and at once while two do not answer. */
  async read(path: string): Promise<SecretFile> {
    if (this.#isStuck()) return this.#tooLate(path);
    const answer = this.#ask(path);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<SecretFile>((resolve) => {
      timer = setTimeout(() => resolve(this.#tooLate(path)), this.#patienceMs);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  #isStuck(): boolean {
    return this.#underWay.size === MAX_UNDER_WAY && [...this.#underWay.values()].every(({ isOverdue }) => isOverdue);
  }

  #tooLate(path: string): SecretFile {
    const because = this.#underWay.has(path)
      ? `cannot be read: its file system has not answered within ${this.#patienceMs / 1_000} s`
      : `is not read as long as there is no answer about ${[...this.#underWay.keys()].join(' and ')}`;
    return refused('ETIMEDOUT', because);
  }

  #ask(path: string): Promise<SecretFile> {
    const shared = this.#next.get(path);
    if (shared) return shared.answer;
    const later = promised();
    this.#next.set(path, later);
    this.#beginNext();
    return later.answer;
  }

  #beginNext(): void {
    for (const [path, { settle }] of this.#next) {
      if (this.#underWay.size === MAX_UNDER_WAY) return;
      if (this.#underWay.has(path)) continue;
      this.#next.delete(path);
      settle(this.#begin(path));
    }
  }

  async #begin(path: string): Promise<SecretFile> {
    const reading = { isOverdue: false };
    this.#underWay.set(path, reading);
    const timer = setTimeout(() => {
      reading.isOverdue = true;
    }, this.#patienceMs).unref();
    try {
      return await this.#readFile(path);
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(path);
      this.#beginNext();
    }
  }
}

/** The pool of threads is the process's, so these are too. */
export const secretReads = new SecretReads();

type Later = { answer: Promise<SecretFile>; settle: (reading: Promise<SecretFile>) => void };

function promised(): Later {
  let settle: Later['settle'] = () => undefined;
  const answer = new Promise<SecretFile>((resolve) => {
    settle = resolve;
  });
  return { answer, settle };
}
