// The generations of a project: a record of each on disk, and the configurations of the last ones in memory only, because they
// may hold secrets. A supervisor hands them to the next one.
import { gunzipSync, gzipSync } from 'node:zlib';
import { historyFile } from '../../api/paths.ts';
import type { AppliedBy, GenerationRecord } from '../../api/protocol-edits.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import { commitOf, readHistory, saveHistory } from './history-file.ts';

const MAX_RECORDS = 100;
const MAX_KEPT = 20;
const MAX_KEPT_CHARS = 1024 * 1024;
/** First, what the new generation starts; then its summary, the packing of the one before, and git. */
const LATE_MS = 500;

/** Generation -> its configuration: JSON, gzip, base64. It goes to the next supervisor. */
export type KeptConfigs = Record<string, string>;
/** `summarize`: what it did, in one line; called later. */
export type NewGeneration = { by: AppliedBy; accepted: AcceptedConfig; summarize(): string; to: number | undefined };

type GenerationsContext = Pick<SupervisorContext, 'paths' | 'clock'>;
/** `fileNow`: procs.yaml, absolute. `earlier`: kept by the supervisor before. `onKept`: `packed` has another one. */
export type GenerationsOptions = { fileNow(): string; earlier: KeptConfigs; onKept?(): void };
type Numbered = { generation: number; accepted: AcceptedConfig };

export class Generations {
  #context: GenerationsContext;
  #options: GenerationsOptions;
  #records: GenerationRecord[] = [];
  #kept: Map<number, string>;
  #current: Numbered | null = null;
  /** What is not done yet: packing takes a millisecond for a hundred services, and a summary plans the whole change. */
  #unpacked: Numbered | null = null;
  #unsummarized: { generation: number; summarize(): string } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isFrozen = false;

  constructor(context: GenerationsContext, options: GenerationsOptions) {
    this.#context = context;
    this.#options = options;
    this.#kept = new Map(Object.entries(options.earlier).map(([generation, packed]) => [Number(generation), packed]));
  }

  /** @returns the number of the last generation that is recorded; 0: none is */
  async load(): Promise<number> {
    this.#records = await readHistory(historyFile(this.#context.paths));
    return this.#records.at(-1)?.generation ?? 0;
  }

  get records(): readonly GenerationRecord[] {
    this.#complete();
    return this.#records;
  }

  get kept(): KeptConfigs {
    this.#complete();
    return this.packed;
  }

  /** As `kept`, at once: the last one may be missing for half a second. */
  get packed(): KeptConfigs {
    return Object.fromEntries(this.#kept);
  }

  note(generation: number, { by, accepted, summarize, to }: NewGeneration): void {
    if (generation === this.#current?.generation) return; // the same configuration
    this.#complete();
    // The last generation of the supervisor that was lost: the log writer had its configuration.
    this.#unpacked = this.#current ?? (by === 'recovery' ? { generation: generation - 1, accepted } : null);
    this.#current = { generation, accepted };
    this.#unsummarized = { generation, summarize };
    const { env } = accepted.config;
    const at = new Date(this.#context.clock.nowMs()).toISOString();
    const record = {
      generation,
      at,
      by,
      env,
      commit: null,
      summary: '',
      ...(by === 'rollback' && to !== undefined && { to }),
    };
    this.#records = [...this.#records.filter((one) => one.generation < generation), record].slice(-MAX_RECORDS);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#completeLate(generation, accepted), LATE_MS).unref();
    void this.#write();
  }

  save = async (): Promise<void> => {
    this.#complete();
    await this.#write();
  };

  async #write(): Promise<void> {
    if (!this.#isFrozen) await saveHistory(historyFile(this.#context.paths), this.#records);
  }

  async #completeLate(generation: number, accepted: AcceptedConfig): Promise<void> {
    this.#complete();
    this.#options.onKept?.();
    await this.#findCommit(generation, accepted);
    await this.#write();
  }

  #complete(): void {
    const [unpacked, unsummarized] = [this.#unpacked, this.#unsummarized];
    this.#unpacked = null;
    this.#unsummarized = null;
    if (unpacked) this.#keep(unpacked.generation, unpacked.accepted);
    if (unsummarized) this.#amend(unsummarized.generation, { summary: unsummarized.summarize() });
  }

  #amend(generation: number, part: Partial<GenerationRecord>): void {
    const index = this.#records.findIndex((one) => one.generation === generation);
    if (index >= 0) this.#records = this.#records.with(index, { ...this.#records[index]!, ...part });
  }

  /** The next supervisor writes the file from now on. */
  freeze(): void {
    this.#isFrozen = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** @returns the configuration; the record alone where only its commit may have it; null: the history does not have that generation */
  find(generation: number): { accepted: AcceptedConfig | null; record: GenerationRecord } | null {
    const record = this.records.find((one) => one.generation === generation);
    if (!record) return null;
    const packed = this.#kept.get(generation);
    const accepted = generation === this.#current?.generation ? this.#current.accepted : packed ? unpack(packed) : null;
    return { accepted, record };
  }

  /** @returns the newest generation before this one with another configuration, as far as that is known; null: none */
  before(generation: number): number | null {
    this.#complete();
    const packed = this.#packed(generation);
    const isOther = (one: GenerationRecord): boolean =>
      one.generation < generation && (packed === null || this.#packed(one.generation) !== packed);
    return this.#records.findLast(isOther)?.generation ?? null;
  }

  #packed(generation: number): string | null {
    if (generation === this.#current?.generation) return pack(this.#current.accepted);
    return this.#kept.get(generation) ?? null;
  }

  #keep(generation: number, accepted: AcceptedConfig): void {
    this.#kept.set(generation, pack(accepted));
    let chars = 0;
    for (const [index, key] of [...this.#kept.keys()].sort((a, b) => b - a).entries()) {
      chars += this.#kept.get(key)!.length;
      if (index >= MAX_KEPT || chars > MAX_KEPT_CHARS) this.#kept.delete(key);
    }
  }

  async #findCommit(generation: number, { watched }: AcceptedConfig): Promise<void> {
    const commit = await commitOf(this.#options.fileNow(), watched);
    if (commit !== null) this.#amend(generation, { commit });
  }
}

const pack = ({ config, watched, files }: AcceptedConfig): string =>
  gzipSync(JSON.stringify({ config, watched, files, warnings: [] })).toString('base64');
const unpack = (packed: string): AcceptedConfig =>
  JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')) as AcceptedConfig;
