// Ink's description of input → the names of the keymap, and reports of the mouse. Tells pasted text from typed keys.
import type { Key } from 'ink';
import { type MouseReport, parseMouseReport } from './model/mouse-report.ts';

export type InputEvent =
  | { kind: 'key'; name: string }
  | { kind: 'pasted'; text: string }
  | { kind: 'mouse'; report: MouseReport };

const KEY_NAMES: [keyof Key, string][] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
];

/** Brackets of a paste (private mode 2004), as Ink leaves them. */
const PASTE_START = '[200~';
const PASTE_END = '[201~';
/** A longer read was not typed, even if the terminal does not support brackets. */
const MAX_TYPED_AT_ONCE = 24;
/** The rest of a sequence that was read in parts comes within this time; a key that is typed does not. */
const REST_WITHIN_MS = 25;

export class KeyReader {
  readonly #onInput: (event: InputEvent) => void;
  #isPasting = false;
  /** The start of what may be a report of the mouse: empty for Esc, because Ink takes the escape characters away. */
  #begun: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(onInput: (event: InputEvent) => void) {
    this.#onInput = onInput;
  }

  /** Ink passes on what it has after each read, so that a sequence may come in parts. */
  read(input: string, key: Partial<Key>): void {
    const begun = this.#takeBegun();
    if (begun !== null && input !== '' && this.#takeReport(begun + input)) return;
    if (begun !== null) this.#emit(begun === '' ? [{ kind: 'key', name: 'escape' }] : typedKeys(begun));
    if (input === PASTE_START || input === PASTE_END) this.#isPasting = input === PASTE_START;
    else if (this.#isPasting) this.#emit(input === '' ? [] : [{ kind: 'pasted', text: input }]);
    else if (key.escape && input === '') this.#hold('');
    else if (input === '' || !this.#takeReport(input)) this.#emit(pressedKeys(input, key));
  }

  /** @returns false: it is something else */
  #takeReport(text: string): boolean {
    const found = parseMouseReport(text);
    if (found === 'begun') this.#hold(text);
    else if (found !== null) {
      this.#emit([{ kind: 'mouse', report: found.report }]);
      if (found.rest !== '') this.read(found.rest, {});
    }
    return found !== null;
  }

  #hold(begun: string): void {
    this.#begun = begun;
    // What has arrived meanwhile is read first.
    this.#timer = setTimeout(() => setImmediate(() => this.#begun === begun && this.read('', {})), REST_WITHIN_MS);
  }

  #takeBegun(): string | null {
    const begun = this.#begun;
    this.#begun = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return begun;
  }

  #emit(events: readonly InputEvent[]): void {
    for (const event of events) this.#onInput(event);
  }
}

function pressedKeys(input: string, key: Partial<Key>): InputEvent[] {
  const named = KEY_NAMES.find(([flag]) => key[flag]);
  if (named !== undefined) return [{ kind: 'key', name: key.shift ? shifted(named[1]) : named[1] }];
  if (key.ctrl && input !== '') return [{ kind: 'key', name: `ctrl+${input}` }];
  if (key.meta && input !== '') return [{ kind: 'key', name: `meta+${input}` }];
  return typedKeys(input);
}

function typedKeys(input: string): InputEvent[] {
  const characters = [...input];
  if (characters.length > MAX_TYPED_AT_ONCE) return [{ kind: 'pasted', text: input }];
  return characters.map((character) => ({ kind: 'key', name: characterName(character) }));
}

/** Of the keys that move, the others mean the same. */
const shifted = (name: string): string => (/^(up|down|left|right|home|end)$/.test(name) ? `shift+${name}` : name);

/** For several keys in one read: Ink names only a single key. */
function characterName(character: string): string {
  const named: Record<string, string> = {
    ' ': 'space',
    '\n': 'enter',
    '\r': 'enter',
    '\t': 'tab',
    '\x7f': 'backspace',
  };
  if (character in named) return named[character]!;
  return character < ' ' ? `ctrl+${String.fromCharCode(character.charCodeAt(0) + 0x60)}` : character;
}
