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
/** First, what the new generation starts; then its summary, its packing, and git. */
const LATE_MS = 500;

/** Generation -> its configuration: JSON, gzip, base64. It goes to the next supervisor. */
export type KeptConfigs = Record<string, string>;
/** `summarize`: what it did, in one line; called later. */
export type NewGeneration = { by: AppliedBy; accepted: AcceptedConfig; summarize(): string; to: number | undefined };

type GenerationsContext = Pick<SupervisorContext, 'paths' | 'clock'>;
/** `fileNow`: procs.yaml, absolute. `earlier`: kept by the supervisor before. */
export type GenerationsOptions = { fileNow(): string; earlier: KeptConfigs };
/** `packed` ahead of time: the next edit must not wait for that. Null: not yet. */
type CurrentGeneration = { generation: number; accepted: AcceptedConfig; packed: string | null };

export class Generations {
  #context: GenerationsContext;
  #options: GenerationsOptions;
  #records: GenerationRecord[] = [];
  #kept: Map<number, string>;
  #current: CurrentGeneration | null = null;
  /** A summary plans the whole change: not done yet. */
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
    return Object.fromEntries(this.#kept);
  }

  note(generation: number, { by, accepted, summarize, to }: NewGeneration): void {
    if (generation === this.#current?.generation) return; // the same configuration
    this.#complete();
    if (this.#current) this.#keep(this.#current.generation, this.#packedNow(this.#current));
    // The last generation of the supervisor that was lost: the log writer had its configuration.
    else if (by === 'recovery') this.#keep(generation - 1, pack(accepted));
    this.#current = { generation, accepted, packed: null };
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
    if (this.#current) this.#packedNow(this.#current);
    await this.#findCommit(generation, accepted);
    await this.#write();
  }

  #complete(): void {
    const unsummarized = this.#unsummarized;
    this.#unsummarized = null;
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
    const packed = this.#packed(generation);
    const isOther = (one: GenerationRecord): boolean =>
      one.generation < generation && (packed === null || this.#packed(one.generation) !== packed);
    return this.#records.findLast(isOther)?.generation ?? null;
  }

  #packed(generation: number): string | null {
    if (generation === this.#current?.generation) return this.#packedNow(this.#current);
    return this.#kept.get(generation) ?? null;
  }

  #packedNow(current: CurrentGeneration): string {
    current.packed ??= pack(current.accepted);
    return current.packed;
  }

  #keep(generation: number, packed: string): void {
    this.#kept.set(generation, packed);
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
