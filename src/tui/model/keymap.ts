// The one table of keys: what they do, where, and the words of the help screen and the footer. No behaviour.

/** Where a key is pressed: what the screen shows, or the question it asks. */
export type KeyContext = 'main' | 'logs' | 'events' | 'help' | 'why' | 'scale' | 'search' | 'leaving';

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
  /** Names as `keyName` gives them: `up`, `ctrl+c`, or the character itself. */
  keys: string[];
  contexts: KeyContext[];
  action: KeyAction;
  /** Heading in the help screen; null: not listed. */
  group: 'Move' | 'Services' | 'Output' | 'Leave' | null;
  /** What it does, as the help screen says it. */
  help: string;
  /** Word in the footer; the earlier in the table, the longer it stays when the terminal is narrow. */
  footer?: string;
};

const LISTS: KeyContext[] = ['logs', 'events', 'help', 'why'];
const SCREENS: KeyContext[] = ['main', ...LISTS];

export const KEYMAP: readonly KeyBinding[] = [
  // What matters most comes first: the footer shows as many as fit.
  {
    keys: ['?'],
    contexts: ['main', 'logs', 'events', 'why'],
    action: 'help',
    group: 'Move',
    help: 'this help',
    footer: 'help',
  },
  { keys: ['escape', 'q', '?'], contexts: ['help'], action: 'back', group: null, help: 'close', footer: 'close' },
  { keys: ['escape', 'q', 'w'], contexts: ['why'], action: 'back', group: null, help: 'close', footer: 'close' },
  {
    keys: ['escape', 'l'],
    contexts: ['logs'],
    action: 'back',
    group: null,
    help: 'back to the services',
    footer: 'back',
  },
  {
    keys: ['escape', 'e'],
    contexts: ['events'],
    action: 'back',
    group: null,
    help: 'back to the services',
    footer: 'back',
  },
  {
    keys: ['q'],
    contexts: ['main', 'logs', 'events'],
    action: 'quit',
    group: 'Leave',
    help: 'leave; when `orch up` started the project here: stop everything in order, then leave',
    footer: 'quit',
  },
  {
    keys: ['ctrl+c'],
    contexts: ['main', 'logs', 'events', 'help', 'why', 'scale', 'search'],
    action: 'interrupt',
    group: 'Leave',
    help: 'the same as q; a second time: stop at once, without grace',
  },
  {
    keys: ['ctrl+c'],
    contexts: ['leaving'],
    action: 'interrupt',
    group: null,
    help: 'at once, without grace',
    footer: 'stop at once',
  },
  {
    keys: ['d'],
    contexts: ['main', 'logs', 'events'],
    action: 'detach',
    group: 'Leave',
    help: 'detach: leave, and let everything run on',
    footer: 'detach',
  },
  {
    keys: ['ctrl+z'],
    contexts: [...SCREENS, 'leaving'],
    action: 'suspend',
    group: 'Leave',
    help: 'suspend; `fg` comes back',
  },

  { keys: ['up', 'k'], contexts: ['main'], action: 'previous', group: 'Move', help: 'the row above' },
  { keys: ['down', 'j'], contexts: ['main'], action: 'next', group: 'Move', help: 'the row below' },
  { keys: ['g'], contexts: ['main'], action: 'first', group: 'Move', help: 'the first row' },
  { keys: ['G'], contexts: ['main'], action: 'last', group: 'Move', help: 'the last row' },
  {
    keys: ['enter', 'space'],
    contexts: ['main'],
    action: 'toggleFold',
    group: 'Move',
    help: 'fold a pool, or unfold it',
  },
  { keys: ['left', 'h'], contexts: ['main'], action: 'fold', group: 'Move', help: 'fold the pool' },
  { keys: ['right'], contexts: ['main'], action: 'unfold', group: 'Move', help: 'unfold the pool' },
  { keys: ['z'], contexts: ['main'], action: 'foldAll', group: 'Move', help: 'fold or unfold all pools' },
  {
    keys: ['/'],
    contexts: ['main'],
    action: 'filter',
    group: 'Move',
    help: 'show only names or states with …',
    footer: 'filter',
  },

  { keys: ['r'], contexts: ['main', 'logs'], action: 'restart', group: 'Services', help: 'restart', footer: 'restart' },
  {
    keys: ['s'],
    contexts: ['main', 'logs'],
    action: 'stopOrStart',
    group: 'Services',
    help: 'stop and hold stopped, or start again',
    footer: 'stop/start',
  },
  {
    keys: ['+', '='],
    contexts: ['main'],
    action: 'scaleUp',
    group: 'Services',
    help: 'scale up, asks first',
    footer: 'scale',
  },
  { keys: ['-', '_'], contexts: ['main'], action: 'scaleDown', group: 'Services', help: 'scale down, asks first' },
  {
    keys: ['w'],
    contexts: ['main', 'logs'],
    action: 'why',
    group: 'Services',
    help: 'why it is in its state',
    footer: 'why',
  },

  {
    keys: ['l'],
    contexts: ['main', 'events'],
    action: 'logs',
    group: 'Output',
    help: 'output on the whole screen',
    footer: 'logs',
  },
  {
    keys: ['e'],
    contexts: ['main', 'logs'],
    action: 'events',
    group: 'Output',
    help: 'events on the whole screen',
    footer: 'events',
  },
  { keys: ['f', '/'], contexts: ['logs', 'events'], action: 'grep', group: null, help: 'find', footer: 'find' },
  { keys: ['f'], contexts: ['main'], action: 'grep', group: 'Output', help: 'only lines that match …', footer: 'find' },
  {
    keys: ['a'],
    contexts: ['main', 'logs'],
    action: 'allOutput',
    group: 'Output',
    help: 'output of all, or of the selected',
    footer: 'all',
  },
  { keys: ['x'], contexts: ['main', 'logs'], action: 'wrap', group: 'Output', help: 'wrap long lines, or cut them' },
  { keys: ['t'], contexts: ['main', 'logs'], action: 'times', group: 'Output', help: 'show times, or hide them' },
  {
    keys: ['c'],
    contexts: ['main', 'logs'],
    action: 'copy',
    group: 'Output',
    help: 'print the output plainly, to select and copy',
    footer: 'copy',
  },
  { keys: ['pageup', 'ctrl+u'], contexts: SCREENS, action: 'pageUp', group: 'Output', help: 'scroll up; pauses' },
  { keys: ['pagedown', 'ctrl+d'], contexts: SCREENS, action: 'pageDown', group: 'Output', help: 'scroll down' },
  { keys: ['up', 'k'], contexts: LISTS, action: 'lineUp', group: null, help: 'one line up', footer: 'scroll' },
  { keys: ['down', 'j'], contexts: LISTS, action: 'lineDown', group: null, help: 'one line down' },
  { keys: ['home'], contexts: SCREENS, action: 'oldest', group: 'Output', help: 'the oldest lines' },
  { keys: ['end'], contexts: SCREENS, action: 'newest', group: 'Output', help: 'the newest lines, and follow' },
  { keys: ['g'], contexts: LISTS, action: 'oldest', group: null, help: 'the oldest lines' },
  { keys: ['G'], contexts: LISTS, action: 'newest', group: null, help: 'the newest lines, and follow' },
  { keys: ['escape'], contexts: ['main'], action: 'back', group: 'Move', help: 'clear filters, go on following' },
  {
    keys: ['ctrl+l'],
    contexts: [...SCREENS, 'leaving'],
    action: 'redraw',
    group: 'Output',
    help: 'draw the screen again',
  },

  { keys: ['enter'], contexts: ['scale', 'search'], action: 'accept', group: null, help: 'accept', footer: 'ok' },
  { keys: ['escape'], contexts: ['scale', 'search'], action: 'back', group: null, help: 'cancel', footer: 'cancel' },
  { keys: ['up', '+', '='], contexts: ['scale'], action: 'increase', group: null, help: 'one more', footer: 'more' },
  { keys: ['down', '-', '_'], contexts: ['scale'], action: 'decrease', group: null, help: 'one less', footer: 'less' },
  {
    keys: ['tab'],
    contexts: ['scale'],
    action: 'switchTarget',
    group: null,
    help: 'file or override',
    footer: 'file/for now',
  },
  {
    keys: ['backspace', 'delete'],
    contexts: ['scale', 'search'],
    action: 'erase',
    group: null,
    help: 'delete a character',
  },
  { keys: ['ctrl+u'], contexts: ['scale', 'search'], action: 'eraseAll', group: null, help: 'delete all' },
];

const actionsByKey = new Map<string, KeyAction>();
for (const binding of KEYMAP) {
  for (const context of binding.contexts)
    for (const key of binding.keys) actionsByKey.set(`${context} ${key}`, binding.action);
}

/** @returns null where the key means nothing. */
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
