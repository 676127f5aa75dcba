// What a key means where it is pressed. Pure.
import { KEYMAP, type KeyAction, type KeyBinding, type KeyContext } from './keymap.ts';

const indexes = new WeakMap<readonly KeyBinding[], Map<string, KeyAction>>();

/** @returns null for a key without a meaning in that context. */
export function actionOf(key: string, context: KeyContext, bindings: readonly KeyBinding[] = KEYMAP): KeyAction | null {
  let index = indexes.get(bindings);
  if (index === undefined) {
    index = new Map(
      bindings.flatMap(({ contexts, keys, action }) =>
        contexts.flatMap((each) => keys.map((key) => [`${each} ${key}`, action] as const)),
      ),
    );
    indexes.set(bindings, index);
  }
  // With Shift, a key means the same unless that has a meaning of its own.
  return index.get(`${context} ${key}`) ?? index.get(`${context} ${key.replace(/^shift\+/, '')}`) ?? null;
}
