// The YAML of a user's settings: values with their places, and mistakes that name the place and a remedy.
import { readFileSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { WireError } from '../../api/protocol.ts';
import { suggestionHint } from '../../config/problem/suggest.ts';

/** Thrown while a file is read; the reader turns it into a WireError. */
export class SettingMistake extends Error {
  readonly at: number | null;
  readonly hint: string | null;
  constructor(message: string, { at, hint }: { at: number | null; hint: string | null }) {
    super(message);
    this.at = at;
    this.hint = hint;
  }
}

/** A value and its path, such as `view.theme`. */
export class Setting {
  readonly path: string;
  readonly #node: Node | null;
  /** Of its key, for values that are missing. */
  readonly #keyAt: number | null;

  constructor(path: string, node: Node | null, keyAt: number | null) {
    this.path = path;
    this.#node = node;
    this.#keyAt = keyAt;
  }

  wrong(expected: string, hint: string | null = null): SettingMistake {
    return this.mistake(`\`${this.path}\` must be ${expected}`, hint);
  }

  mistake(message: string, hint: string | null = null): SettingMistake {
    return new SettingMistake(message, { at: this.#node?.range?.[0] ?? this.#keyAt, hint });
  }

  boolean(): boolean {
    const value = this.#scalar();
    if (typeof value !== 'boolean') throw this.wrong('true or false');
    return value;
  }

  /** null: neither a text nor a number. */
  text(): string | null {
    const value = this.#scalar();
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null;
  }

  /** One text is a list of one. */
  list(): Setting[] {
    const node = this.#node;
    if (!isSeq<Node>(node)) return [this];
    return node.items.map((item, index) => new Setting(`${this.path}[${index}]`, item, this.#keyAt));
  }

  get isMap(): boolean {
    return isMap(this.#node);
  }

  /** @param known the keys that it may have; null: any. Without a value it is empty. */
  map(known: readonly string[] | null): Map<string, Setting> {
    const entries = new Map<string, Setting>();
    if (this.#node === null || this.#scalar() === null) return entries;
    if (!isMap<Node, Node | null>(this.#node))
      throw this.path === '' ? this.mistake('must be a map') : this.wrong('a map');
    for (const { key, value } of this.#node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const at = key.range?.[0] ?? null;
      if (known !== null && !known.includes(name)) {
        const where = this.path === '' ? '' : ` in \`${this.path}\``;
        throw new SettingMistake(`unknown key "${name}"${where}`, {
          at,
          hint: suggestionHint(name, known, 'the keys are'),
        });
      }
      entries.set(name, new Setting(this.path === '' ? name : `${this.path}.${name}`, value, at));
    }
    return entries;
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }
}

/** @param read makes settings of the whole file; may throw a SettingMistake */
export function readSettings<Settings>(
  file: string,
  read: (root: Setting) => Settings,
): Settings | { error: WireError } {
  const places = new LineCounter();
  const wrong = (message: string, { at, hint }: { at: number | null; hint: string | null }): { error: WireError } => {
    const { line, col } = at === null ? { line: 1, col: 1 } : places.linePos(at);
    return { error: { code: 'config', message, file, line, column: col, ...(hint !== null && { hint }) } };
  };
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return {
      error: {
        code: 'config',
        message: String((error as Error).message),
        file,
        hint: 'remove it, or make it readable',
      },
    };
  }
  const document = parseDocument(text, { lineCounter: places, prettyErrors: false });
  const [error] = document.errors;
  if (error) return wrong(error.message.split('\n')[0]!, { at: error.pos[0], hint: 'correct it, or remove the file' });
  const root = document.contents as Node | null;
  try {
    return read(new Setting('', isAlias(root) ? null : root, 0));
  } catch (mistake) {
    if (mistake instanceof SettingMistake) return wrong(mistake.message, mistake);
    throw mistake;
  }
}
