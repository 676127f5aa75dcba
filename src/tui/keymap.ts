// The one table of keys: what they do, where, and the words of the help screen and the footer. No behaviour.

/** Where a key is pressed: what the screen shows, or the question it asks. */
export type KeyContext = 'main' | 'logs' | 'events' | 'help' | 'why' | 'scale' | 'search' | 'leaving';

export type Action =
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
  in: KeyContext[];
  action: Action;
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
    in: ['main', 'logs', 'events', 'why'],
    action: 'help',
    group: 'Move',
    help: 'this help',
    footer: 'help',
  },
  { keys: ['escape', 'q', '?'], in: ['help'], action: 'back', group: null, help: 'close', footer: 'close' },
  { keys: ['escape', 'q', 'w'], in: ['why'], action: 'back', group: null, help: 'close', footer: 'close' },
  { keys: ['escape', 'l'], in: ['logs'], action: 'back', group: null, help: 'back to the services', footer: 'back' },
  { keys: ['escape', 'e'], in: ['events'], action: 'back', group: null, help: 'back to the services', footer: 'back' },
  {
    keys: ['q'],
    in: ['main', 'logs', 'events'],
    action: 'quit',
    group: 'Leave',
    help: 'leave; when `orch up` started the project here: stop everything in order, then leave',
    footer: 'quit',
  },
  {
    keys: ['ctrl+c'],
    in: ['main', 'logs', 'events', 'help', 'why', 'scale', 'search'],
    action: 'interrupt',
    group: 'Leave',
    help: 'the same as q; a second time: stop at once, without grace',
  },
  {
    keys: ['ctrl+c'],
    in: ['leaving'],
    action: 'interrupt',
    group: null,
    help: 'at once, without grace',
    footer: 'stop at once',
  },
  {
    keys: ['d'],
    in: ['main', 'logs', 'events'],
    action: 'detach',
    group: 'Leave',
    help: 'detach: leave, and let everything run on',
    footer: 'detach',
  },
  {
    keys: ['ctrl+z'],
    in: [...SCREENS, 'leaving'],
    action: 'suspend',
    group: 'Leave',
    help: 'suspend; `fg` comes back',
  },

  { keys: ['up', 'k'], in: ['main'], action: 'previous', group: 'Move', help: 'the row above' },
  { keys: ['down', 'j'], in: ['main'], action: 'next', group: 'Move', help: 'the row below' },
  { keys: ['g'], in: ['main'], action: 'first', group: 'Move', help: 'the first row' },
  { keys: ['G'], in: ['main'], action: 'last', group: 'Move', help: 'the last row' },
  { keys: ['enter', 'space'], in: ['main'], action: 'toggleFold', group: 'Move', help: 'fold a pool, or unfold it' },
  { keys: ['left', 'h'], in: ['main'], action: 'fold', group: 'Move', help: 'fold the pool' },
  { keys: ['right'], in: ['main'], action: 'unfold', group: 'Move', help: 'unfold the pool' },
  { keys: ['z'], in: ['main'], action: 'foldAll', group: 'Move', help: 'fold or unfold all pools' },
  {
    keys: ['/'],
    in: ['main'],
    action: 'filter',
    group: 'Move',
    help: 'show only names or states with …',
    footer: 'filter',
  },

  { keys: ['r'], in: ['main', 'logs'], action: 'restart', group: 'Services', help: 'restart', footer: 'restart' },
  {
    keys: ['s'],
    in: ['main', 'logs'],
    action: 'stopOrStart',
    group: 'Services',
    help: 'stop and hold stopped, or start again',
    footer: 'stop/start',
  },
  {
    keys: ['+', '='],
    in: ['main'],
    action: 'scaleUp',
    group: 'Services',
    help: 'scale up, asks first',
    footer: 'scale',
  },
  { keys: ['-', '_'], in: ['main'], action: 'scaleDown', group: 'Services', help: 'scale down, asks first' },
  {
    keys: ['w'],
    in: ['main', 'logs'],
    action: 'why',
    group: 'Services',
    help: 'why it is in its state',
    footer: 'why',
  },

  {
    keys: ['l'],
    in: ['main', 'events'],
    action: 'logs',
    group: 'Output',
    help: 'output on the whole screen',
    footer: 'logs',
  },
  {
    keys: ['e'],
    in: ['main', 'logs'],
    action: 'events',
    group: 'Output',
    help: 'events on the whole screen',
    footer: 'events',
  },
  { keys: ['f', '/'], in: ['logs', 'events'], action: 'grep', group: null, help: 'find', footer: 'find' },
  { keys: ['f'], in: ['main'], action: 'grep', group: 'Output', help: 'only lines that match …', footer: 'find' },
  {
    keys: ['a'],
    in: ['main', 'logs'],
    action: 'allOutput',
    group: 'Output',
    help: 'output of all, or of the selected',
    footer: 'all',
  },
  { keys: ['x'], in: ['main', 'logs'], action: 'wrap', group: 'Output', help: 'wrap long lines, or cut them' },
  { keys: ['t'], in: ['main', 'logs'], action: 'times', group: 'Output', help: 'show times, or hide them' },
  {
    keys: ['c'],
    in: ['main', 'logs'],
    action: 'copy',
    group: 'Output',
    help: 'print the output plainly, to select and copy',
    footer: 'copy',
  },
  { keys: ['pageup', 'ctrl+u'], in: SCREENS, action: 'pageUp', group: 'Output', help: 'scroll up; pauses' },
  { keys: ['pagedown', 'ctrl+d'], in: SCREENS, action: 'pageDown', group: 'Output', help: 'scroll down' },
  { keys: ['up', 'k'], in: LISTS, action: 'lineUp', group: null, help: 'one line up', footer: 'scroll' },
  { keys: ['down', 'j'], in: LISTS, action: 'lineDown', group: null, help: 'one line down' },
  { keys: ['home'], in: SCREENS, action: 'oldest', group: 'Output', help: 'the oldest lines' },
  { keys: ['end'], in: SCREENS, action: 'newest', group: 'Output', help: 'the newest lines, and follow' },
  { keys: ['g'], in: LISTS, action: 'oldest', group: null, help: 'the oldest lines' },
  { keys: ['G'], in: LISTS, action: 'newest', group: null, help: 'the newest lines, and follow' },
  { keys: ['escape'], in: ['main'], action: 'back', group: 'Move', help: 'clear filters, go on following' },
  { keys: ['ctrl+l'], in: [...SCREENS, 'leaving'], action: 'redraw', group: 'Output', help: 'draw the screen again' },

  { keys: ['enter'], in: ['scale', 'search'], action: 'accept', group: null, help: 'accept', footer: 'ok' },
  { keys: ['escape'], in: ['scale', 'search'], action: 'back', group: null, help: 'cancel', footer: 'cancel' },
  { keys: ['up', '+', '='], in: ['scale'], action: 'increase', group: null, help: 'one more', footer: 'more' },
  { keys: ['down', '-', '_'], in: ['scale'], action: 'decrease', group: null, help: 'one less', footer: 'less' },
  {
    keys: ['tab'],
    in: ['scale'],
    action: 'switchTarget',
    group: null,
    help: 'file or override',
    footer: 'file/for now',
  },
  { keys: ['backspace', 'delete'], in: ['scale', 'search'], action: 'erase', group: null, help: 'delete a character' },
  { keys: ['ctrl+u'], in: ['scale', 'search'], action: 'eraseAll', group: null, help: 'delete all' },
];

const table = new Map<string, Action>();
for (const binding of KEYMAP) {
  for (const context of binding.in) for (const key of binding.keys) table.set(`${context} ${key}`, binding.action);
}

/** @returns null where the key means nothing. */
export function actionOf(key: string, context: KeyContext): Action | null {
  return table.get(`${context} ${key}`) ?? null;
}

const SHOWN: Record<string, string> = {
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
  return control ? `Ctrl-${control[1]!.toUpperCase()}` : (SHOWN[key] ?? key);
}
