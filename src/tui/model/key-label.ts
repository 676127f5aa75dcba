// How people write a key: `Ctrl-C`, `PgUp`, `r`.

const KEY_LABELS: Record<string, string> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  escape: 'Esc',
  enter: 'Enter',
  space: 'Space',
  tab: 'Tab',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
};

/** @param key as the keymap names it */
export function keyLabel(key: string): string {
  if (key.startsWith('shift+')) return `Shift-${keyLabel(key.slice('shift+'.length))}`;
  const control = /^ctrl\+(.)$/.exec(key);
  return control ? `Ctrl-${control[1]!.toUpperCase()}` : (KEY_LABELS[key] ?? key);
}
