// Loads the configuration: an edit of a few services here and at once, anything else in a process of its own. Begins at the first
// sign of an edit, so that the result is there when the file has settled.
import { createHash } from 'node:crypto';
import { diskSource } from '../../config/files/file-source.ts';
import type { EditBase } from '../../config/load-edit.ts';
import type { AcceptedConfig, LoadResult } from '../../core/load-result.ts';
import type { ConfigLoader, ConfigLoaderOptions } from './child-loader.ts';

type Text = { text: string; hash: string };
/** The text of procs.yaml, what came of it, and with which options. */
type KnownText = Text & { accepted: AcceptedConfig; options: string; base: EditBase | null | undefined };
type EditReading = { hash: string; edit: Promise<EditBase | null> };

export class EditLoader implements ConfigLoader {
  #whole: ConfigLoader;
  #optionsNow: () => ConfigLoaderOptions;
  #known: KnownText | null = null;
  #reading: EditReading | null = null;

  /** @param whole reads everything */
  constructor(whole: ConfigLoader, optionsNow: () => ConfigLoaderOptions) {
    this.#whole = whole;
    this.#optionsNow = optionsNow;
  }

  /** The configuration in force, read by a client. With variables, it may depend on the environment of that client. */
  async begin(accepted: AcceptedConfig): Promise<void> {
    const now = await this.#readText();
    if (now && !now.text.includes('$')) this.#learn(now, accepted);
  }

  warmUp(): void {
    void this.#edit().then((edit) => {
      if (edit === null) this.#whole.warmUp();
    });
  }

  async load(commit?: string): Promise<LoadResult> {
    const edit = commit === undefined ? await this.#edit() : null;
    if (edit !== null) {
      const { accepted } = edit;
      const known = this.#known;
      if (known) this.#known = { ...known, hash: hashIn(accepted) ?? '', accepted, base: edit };
      return { ok: true, accepted };
    }
    const result = await this.#whole.load(commit);
    if (commit === undefined && result.ok) {
      const now = await this.#readText();
      if (now) this.#learn(now, result.accepted);
    }
    return result;
  }

  close = (): Promise<void> => this.#whole.close();

  #learn(now: Text, accepted: AcceptedConfig): void {
    const isItsText = accepted.watched.some(({ contentHash }) => contentHash === now.hash);
    this.#reading = null;
    this.#known = isItsText ? { ...now, accepted, options: this.#options(), base: undefined } : null;
  }

  /** @returns null where the whole must be read */
  async #edit(): Promise<EditBase | null> {
    const known = this.#known;
    if (known === null || known.base === null || known.options !== this.#options()) return null;
    const now = await this.#readText();
    if (now === null) return null;
    // The reading that began at the first event.
    if (this.#reading?.hash !== now.hash) this.#reading = { hash: now.hash, edit: this.#read(known, now.text) };
    return await this.#reading.edit;
  }

  async #read(known: KnownText, text: string): Promise<EditBase | null> {
    try {
      const { editBase, loadEdit } = await import('../../config/load-edit.ts');
      if (known.base === undefined) known.base = editBase(known.text, known.accepted);
      return known.base && (await loadEdit(known.base, text, this.#optionsNow()));
    } catch {
      return null; // the process that reads the whole reports it
    }
  }

  #options = (): string => JSON.stringify(this.#optionsNow());

  /** @returns null where it cannot be read, or not as UTF-8 */
  async #readText(): Promise<Text | null> {
    const content = await diskSource.read(this.#optionsNow().file);
    if (content.kind !== 'bytes') return null;
    const text = content.bytes.toString('utf8');
    if (!content.bytes.equals(Buffer.from(text))) return null;
    return { text, hash: createHash('sha256').update(content.bytes).digest('hex') };
  }
}

const hashIn = ({ watched }: AcceptedConfig): string | undefined =>
  watched.find(({ contentHash }) => contentHash !== null)?.contentHash ?? undefined;
