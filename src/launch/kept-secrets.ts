// What programs printed as the secrets of instances, in memory only: a probe that runs every second must not ask a password
// manager each time. The next start of the instance reads again.
import type { SecretFileResult } from '../os/secrets/secret-file.ts';

type KeptReading = { declared: string; result: Promise<SecretFileResult>; failedAtMs: number | null };

/** A failure is not repeated sooner. */
const RETRY_MS = 30_000;

export class KeptSecrets {
  /** By instance and variable. */
  readonly #readings = new Map<string, KeptReading>();
  readonly #nowMs: () => number;

  /** @param nowMs a clock for tests */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /**
   * Reads now, and keeps the result: a failure only where nothing better is known, since a program that does not answer for a
   * while must not take the secret from the probes of a healthy instance.
   * @param declared the source: another one is another secret
   */
  read(owner: string, declared: string, read: () => Promise<SecretFileResult>): Promise<SecretFileResult> {
    const reading: KeptReading = { declared, result: read(), failedAtMs: null };
    const known = this.#readings.get(owner);
    const isBetter = known?.declared === declared && known.failedAtMs === null;
    if (!isBetter) this.#readings.set(owner, reading);
    const failed = (): void => {
      reading.failedAtMs = this.#nowMs();
    };
    const succeeded = (): void => void this.#readings.set(owner, reading);
    void reading.result.then(({ ok }) => (ok ? succeeded() : failed()), failed);
    return reading.result;
  }

  /** The result of the last read, or of the one under way; reads where there is none, or where it failed a while ago. */
  getOrRead(owner: string, declared: string, read: () => Promise<SecretFileResult>): Promise<SecretFileResult> {
    const known = this.#readings.get(owner);
    const isStale = known?.failedAtMs != null && this.#nowMs() - known.failedAtMs >= RETRY_MS;
    return known?.declared === declared && !isStale ? known.result : this.read(owner, declared, read);
  }
}
