// The one table of keys: what they do, where, and the words of the help screen and the footer. No behaviour.

/** Where a key is pressed: what the screen shows, or the question it asks. */
export type KeyContext = 'main' | 'logs' | 'events' | 'help' | 'why' | 'scale' | 'search' | 'shutdown';

export type KeyAction =
  | 'previous'
  | 'next'
  | 'first'
  | 'last'
  | 'fold'
  | 'unfold'
  | 'toggleFold'
  | 'foldAll'
  | 'restart'
  | 'stopOrStart'
  | 'scaleUp'
  | 'scaleDown'
  | 'why'
  | 'filter'
  | 'grep'
  | 'logs'
  | 'allOutput'
  | 'wrap'
  | 'times'
  | 'events'
  | 'pageUp'
  | 'pageDown'
  | 'lineUp'
  | 'lineDown'
  | 'oldest'
  | 'newest'
  | 'copy'
  | 'help'
  | 'detach'
  | 'quit'
  | 'interrupt'
  | 'suspend'
  | 'redraw'
  | 'back'
  | 'accept'
  | 'erase'
  | 'eraseAll'
  | 'increase'
  | 'decrease'
  | 'switchTarget';

export type KeyBinding = {
  /** Names as the keyboard gives them: `up`, `ctrl+c`, or the character itself. */
  keys: string[];
  contexts: KeyContext[];
  action: KeyAction;
  /** Heading in the help screen; null: not listed. */
  group: 'Move' | 'Services' | 'Output' | 'Leave' | null;
  /** The text in the help screen. */
  help: string;
  /** Word in the footer; the earlier in the table, the longer it stays when the terminal is narrow. */
  footer?: string;
};

const LISTS: KeyContext[] = ['logs', 'events', 'help', 'why'];
const SCREENS: KeyContext[] = ['main', ...LISTS];
const QUESTIONS: KeyContext[] = ['scale', 'search'];

/** One row of the table. @param keys separated by a blank. */
function key(
  keys: string,
  contexts: KeyContext | KeyContext[],
  action: KeyAction,
  group: KeyBinding['group'],
  help: string,
  footer?: string,
): KeyBinding {
  const binding = { keys: keys.split(' '), contexts: [contexts].flat(), action, group, help };
  return footer === undefined ? binding : { ...binding, footer };
}

export const KEYMAP: readonly KeyBinding[] = [
  // The most important come first: the footer shows as many as fit.
  key('?', ['main', 'logs', 'events', 'why'], 'help', 'Move', 'this help', 'help'),
  key('escape q ?', 'help', 'back', null, 'close', 'close'),
  key('escape q w', 'why', 'back', null, 'close', 'close'),
  key('escape l', 'logs', 'back', null, 'back to the services', 'back'),
  key('escape e', 'events', 'back', null, 'back to the services', 'back'),
  key(
    'q',
    ['main', 'logs', 'events'],
    'quit',
    'Leave',
    'leave; when `orch up` started the project here: stop everything in order, then leave',
    'quit',
  ),
  key(
    'ctrl+c',
    [...SCREENS, ...QUESTIONS],
    'interrupt',
    'Leave',
    'the same as q; a second time: stop at once, without grace',
  ),
  key('ctrl+c', 'shutdown', 'interrupt', null, 'at once, without grace', 'stop at once'),
  key('d', ['main', 'logs', 'events'], 'detach', 'Leave', 'detach: leave, and let everything run on', 'detach'),
  key('ctrl+z', [...SCREENS, 'shutdown'], 'suspend', 'Leave', 'suspend; `fg` comes back'),

  key('up k', 'main', 'previous', 'Move', 'the row above'),
  key('down j', 'main', 'next', 'Move', 'the row below'),
  key('g', 'main', 'first', 'Move', 'the first row'),
  key('G', 'main', 'last', 'Move', 'the last row'),
  key('enter space', 'main', 'toggleFold', 'Move', 'fold a pool, or unfold it'),
  key('left h', 'main', 'fold', 'Move', 'fold the pool'),
  key('right', 'main', 'unfold', 'Move', 'unfold the pool'),
  key('z', 'main', 'foldAll', 'Move', 'fold or unfold all pools'),
  key('/', 'main', 'filter', 'Move', 'show only names or states with …', 'filter'),

  key('r', ['main', 'logs'], 'restart', 'Services', 'restart', 'restart'),
  key('s', ['main', 'logs'], 'stopOrStart', 'Services', 'stop and hold stopped, or start again', 'stop/start'),
  key('+ =', 'main', 'scaleUp', 'Services', 'scale up, asks first', 'scale'),
  key('- _', 'main', 'scaleDown', 'Services', 'scale down, asks first'),
  key('w', ['main', 'logs'], 'why', 'Services', 'why it is in its state', 'why'),

  key('l', ['main', 'events'], 'logs', 'Output', 'output on the whole screen', 'logs'),
  key('e', ['main', 'logs'], 'events', 'Output', 'events on the whole screen', 'events'),
  key('f /', ['logs', 'events'], 'grep', null, 'find', 'find'),
  key('f', 'main', 'grep', 'Output', 'only lines that match …', 'find'),
  key('a', ['main', 'logs'], 'allOutput', 'Output', 'output of all, or of the selected', 'all'),
  key('x', ['main', 'logs'], 'wrap', 'Output', 'wrap long lines, or cut them'),
  key('t', ['main', 'logs'], 'times', 'Output', 'show times, or hide them'),
  key('c', ['main', 'logs'], 'copy', 'Output', 'print the output plainly, to select and copy', 'copy'),
  key('pageup ctrl+u', SCREENS, 'pageUp', 'Output', 'scroll up; pauses'),
  key('pagedown ctrl+d', SCREENS, 'pageDown', 'Output', 'scroll down'),
  key('up k', LISTS, 'lineUp', null, 'one line up', 'scroll'),
  key('down j', LISTS, 'lineDown', null, 'one line down'),
  key('home', SCREENS, 'oldest', 'Output', 'the oldest lines'),
  key('end', SCREENS, 'newest', 'Output', 'the newest lines, and follow'),
  key('g', LISTS, 'oldest', null, 'the oldest lines'),
  key('G', LISTS, 'newest', null, 'the newest lines, and follow'),
  key('escape', 'main', 'back', 'Move', 'clear filters, go on following'),
  key('ctrl+l', [...SCREENS, 'shutdown'], 'redraw', 'Output', 'draw the screen again'),

  key('enter', QUESTIONS, 'accept', null, 'accept', 'ok'),
  key('escape', QUESTIONS, 'back', null, 'cancel', 'cancel'),
  key('up + =', 'scale', 'increase', null, 'one more', 'more'),
  key('down - _', 'scale', 'decrease', null, 'one less', 'less'),
  key('tab', 'scale', 'switchTarget', null, 'file or override', 'file/for now'),
  key('backspace delete', QUESTIONS, 'erase', null, 'delete a character'),
  key('ctrl+u', QUESTIONS, 'eraseAll', null, 'delete all'),
];

const actionsByKey = new Map<string, KeyAction>();
for (const binding of KEYMAP) {
  for (const context of binding.contexts)
    for (const key of binding.keys) actionsByKey.set(`${context} ${key}`, binding.action);
}

/** @returns null for a key without a meaning in that context. */
export function actionOf(key: string, context: KeyContext): KeyAction | null {
  return actionsByKey.get(`${context} ${key}`) ?? null;
}

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

/** A key as people write it: `Ctrl-C`, `PgUp`, `r`. */
export function keyLabel(key: string): string {
  const control = /^ctrl\+(.)$/.exec(key);
  return control ? `Ctrl-${control[1]!.toUpperCase()}` : (KEY_LABELS[key] ?? key);
}
