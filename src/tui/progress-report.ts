// Reports how far a read of the log is once it takes long: the title does not flicker for a shorter one.
import type { FileProgress } from './model/read-progress.ts';

const REPORT_AFTER_MS = 200;

export class ProgressReport {
  readonly #report: (progress: FileProgress | null) => void;
  #timer: NodeJS.Timeout | null = null;
  /** null: no read, or no file of it is open yet. */
  #progress: FileProgress | null = null;
  #isLong = false;

  /** @param report null: no read, or not for long */
  constructor(report: (progress: FileProgress | null) => void) {
    this.#report = report;
  }

  begin(): void {
    this.end();
    this.#progress = { file: 1, files: 1 };
    this.#timer = setTimeout(() => {
      this.#isLong = true;
      this.#report(this.#progress);
    }, REPORT_AFTER_MS);
  }

  /** Not after its end. */
  go(progress: FileProgress): void {
    this.#progress = progress;
    if (this.#isLong) this.#report(progress);
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isLong) this.#report(null);
    this.#isLong = false;
  }
}
