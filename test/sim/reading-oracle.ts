// Watches that a supervisor puts nothing in force that was never in the file, whole and valid, and no older reading of the file
// in the place of a newer one: a command may have waited since it read.
import type { Guest } from './machine/guest.ts';

export class ReadingOracle {
  #fail: (what: string) => never;
  /** Content of the file -> when it was written last, counted. */
  #writes = new Map<string, number>();
  #count = 0;
  #inForce: { guest: Guest; write: number } | null = null;

  constructor(fail: (what: string) => never) {
    this.#fail = fail;
  }

  onWrite(text: string): void {
    this.#writes.set(text, ++this.#count);
  }

  /** Whenever another configuration is in force. */
  onConfig(guest: Guest | null, text: string): void {
    const write = this.#writes.get(text);
    if (write === undefined) this.#fail('I6: the configuration in force was never written');
    const former = this.#inForce;
    this.#inForce = guest && { guest, write };
    // What a supervisor begins with may be older than what the one before it had read.
    if (former && former.guest === guest && write < former.write)
      this.#fail('I7: an older reading of the file replaced a newer one');
  }
}
