// The streams that a queue is fed from, and which of them are not read just now. Reads none itself.
import type { Source } from './source.ts';

export class Producers {
  private readonly sources = new Set<Source>();
  /** Their last chunk is not written yet. */
  private readonly unwritten = new Set<Source>();
  private isHeld = false;

  isEmpty(): boolean {
    return this.sources.size === 0;
  }

  mayBeRead(source: Source): boolean {
    return !this.isHeld && !this.unwritten.has(source);
  }

  add(source: Source): void {
    this.sources.add(source);
  }

  /** It feeds another queue now, or none. */
  dismiss(source: Source): void {
    const wasRead = this.mayBeRead(source);
    this.sources.delete(source);
    this.unwritten.delete(source);
    if (!wasRead) source.resume();
  }

  /** All of them, or as many as have no other reason to wait. */
  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
    for (const source of this.sources) {
      if (isHeld) source.pause();
      else if (this.mayBeRead(source)) source.resume();
    }
  }

  /** What is read of it is lost if we are killed now: no more of it until `written`. */
  holdUntilWritten(source: Source): void {
    this.unwritten.add(source);
    source.pause();
  }

  /** All that was read is safe. */
  written(): void {
    const safe = [...this.unwritten];
    this.unwritten.clear();
    if (!this.isHeld) for (const source of safe) source.resume();
  }
}
