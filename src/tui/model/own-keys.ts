// The keymap with the keys that a user chose: which actions can have other keys, and what keys there are. Pure.

import { KEYMAP, type KeyAction, type KeyBinding, type KeyContext } from './keymap.ts';
import { PAGE_NAMES } from './page-name.ts';

/** Name in the configuration → keys; none: the action has no key. */
export type OwnKeys = ReadonlyMap<string, readonly string[]>;
export type OwnKeyConflict = { key: string; name: string; other: string };

/** Ctrl-C always leaves and Esc always goes back; keys of questions and of text stay. */
const FIXED = new Set<KeyAction>(['interrupt', 'back']);
const SCREENS = new Set<KeyContext>(['main', 'logs', 'events', ...PAGE_NAMES, 'select', 'help', 'why', 'details']);

const isChangeable = ({ action, contexts }: KeyBinding): boolean =>
  !FIXED.has(action) && contexts.some((context) => SCREENS.has(context));

/** `stopOrStart` → `stop_or_start` */
const nameOf = (action: KeyAction): string => action.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function changeableNames(): string[] {
  return [...new Set(KEYMAP.filter(isChangeable).map(({ action }) => nameOf(action)))];
}

const NAMED_KEYS = [
  'up',
  'down',
  'left',
  'right',
  'enter',
  'space',
  'tab',
  'backspace',
  'delete',
  'pageup',
  'pagedown',
].concat(['home', 'end']);

/** With Shift, terminals report only these as other keys. */
const SHIFTED_KEYS = ['up', 'down', 'left', 'right', 'home', 'end'].map((name) => `shift+${name}`);

/** One character, or `ctrl+x`, `meta+x`, `pageup`, `shift+up`. */
export function isKey(text: string): boolean {
  return /^(?:(?:ctrl|meta)\+[a-z]|[^\s\p{C}])$/u.test(text) || [...NAMED_KEYS, ...SHIFTED_KEYS].includes(text);
}

/**
 * A key that the user gave to an action is taken from the one that has it by default: a later version may bring a new key.
 * @returns the first key that would still mean two things in one place, if there is one
 */
export function withOwnKeys(own: OwnKeys): readonly KeyBinding[] | OwnKeyConflict {
  const ownKeysOf = (binding: KeyBinding) => (isChangeable(binding) ? own.get(nameOf(binding.action)) : undefined);
  const placesOf = ({ contexts }: KeyBinding, keys: readonly string[]) =>
    contexts.flatMap((context) => keys.map((key) => `${context} ${key}`));
  const ownPlaces = new Set(KEYMAP.flatMap((binding) => placesOf(binding, ownKeysOf(binding) ?? [])));
  const bindings = KEYMAP.map((binding) => {
    const keys = ownKeysOf(binding);
    if (keys !== undefined) return { ...binding, keys: [...keys] };
    if (!isChangeable(binding)) return binding;
    return {
      ...binding,
      keys: binding.keys.filter((key) => !placesOf(binding, [key]).some((at) => ownPlaces.has(at))),
    };
  }).filter(({ keys }) => keys.length > 0);
  const taken = new Map<string, KeyAction>();
  for (const { keys, contexts, action } of bindings) {
    for (const place of contexts.flatMap((context) => keys.map((key) => ({ key, id: `${context} ${key}` })))) {
      const other = taken.get(place.id);
      if (other === undefined) taken.set(place.id, action);
      else if (other !== action) return conflictOf(place.key, own, action, other);
    }
  }
  return bindings;
}

/** `name`: one that the user gave the key to. */
function conflictOf(key: string, own: OwnKeys, one: KeyAction, another: KeyAction): OwnKeyConflict {
  const isOwn = own.get(nameOf(one))?.includes(key) ?? false;
  return isOwn
    ? { key, name: nameOf(one), other: nameOf(another) }
    : { key, name: nameOf(another), other: nameOf(one) };
}
