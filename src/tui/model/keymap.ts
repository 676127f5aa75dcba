// The table of keys: action, contexts, and the words of the help screen and the footer. No behaviour.
import { ENTER_KEYS, PAGE_NAMES, PAGES, type PageAction, type PageName } from './page-name.ts';

/** Where a key is pressed: the screen that is shown, or the open question. */
export type KeyContext =
  | 'main'
  | 'logs'
  | 'events'
  | 'select'
  | PageName
  | 'help'
  | 'why'
  | 'details'
  | 'scale'
  | 'search'
  | 'palette'
  | 'signal'
  | 'input'
  | 'confirm'
  | 'leave'
  | 'shutdown';

export type KeyAction =
  | 'previous'
  | 'next'
  | 'first'
  | 'last'
  | 'fold'
  | 'unfold'
  | 'toggleFold'
  | 'mark'
  | 'foldAll'
  | 'sort'
  | 'reverseSort'
  | 'group'
  | 'restart'
  | 'stopOrStart'
  | 'scaleUp'
  | 'scaleDown'
  | 'why'
  | 'details'
  | 'edit'
  | 'browse'
  | 'typeInto'
  | 'undoScale'
  | 'palette'
  | 'filter'
  | 'grep'
  | 'level'
  | 'range'
  | 'goToTime'
  | 'clear'
  | 'mute'
  | 'markOutput'
  | 'save'
  | 'pager'
  | 'editOutput'
  | 'search'
  | 'findOlder'
  | 'findNewer'
  | 'logs'
  | 'allOutput'
  | 'wrap'
  | 'jsonLines'
  | 'times'
  | 'events'
  | 'pageUp'
  | 'pageDown'
  | 'lineUp'
  | 'lineDown'
  | 'oldest'
  | 'newest'
  | 'copy'
  | 'mouse'
  | 'help'
  | 'detach'
  | 'quit'
  | 'stopAll'
  | 'interrupt'
  | 'suspend'
  | 'redraw'
  | 'back'
  | SelectionAction
  | PageAction
  | PromptAction;

/** Of lines of output. */
export type SelectionAction =
  | 'select'
  | 'selectFrom'
  | 'cursorUp'
  | 'cursorDown'
  | 'cursorPageUp'
  | 'cursorPageDown'
  | 'cursorOldest'
  | 'cursorNewest'
  | 'extendUp'
  | 'extendDown'
  | 'copySelected'
  | 'saveSelected';

/** In a question that takes text. */
export type PromptAction =
  | 'accept'
  | 'erase'
  | 'eraseAll'
  | 'increase'
  | 'decrease'
  | 'switchTarget'
  | 'choosePrevious'
  | 'chooseNext';

export type KeyBinding = {
  /** Names as the keyboard gives them: `up`, `ctrl+c`, or the character itself. */
  keys: string[];
  contexts: KeyContext[];
  action: KeyAction;
  /** Heading in the help screen; null: not listed. */
  group: 'Move' | 'Services' | 'Output' | 'Select' | 'Leave' | null;
  /** The text in the help screen. */
  help: string;
  /** Word in the footer; the earlier in the table, the longer it stays when the terminal is narrow. */
  footer?: string;
};

const LISTS: KeyContext[] = ['logs', 'events', ...PAGE_NAMES, 'help', 'why', 'details'];
const VIEWS: KeyContext[] = ['main', 'logs', 'events', ...PAGE_NAMES];
const SCREENS: KeyContext[] = ['main', ...LISTS];
/** They take text. */
const PROMPTS: KeyContext[] = ['scale', 'search', 'palette', 'signal', 'input'];
const QUESTIONS: KeyContext[] = [...PROMPTS, 'confirm', 'leave'];

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
  key('?', [...VIEWS, 'select', 'why', 'details'], 'help', 'Move', 'this help', 'help'),
  key('escape q ?', 'help', 'back', null, 'close', 'close'),
  key('escape q w', 'why', 'back', null, 'close', 'close'),
  key('escape q i', 'details', 'back', null, 'close', 'close'),
  key('escape q l', 'logs', 'back', null, 'back to the services', 'back'),
  key('escape q e', 'events', 'back', null, 'back to the services', 'back'),
  key('escape q', [...PAGE_NAMES], 'back', null, 'back', 'back'),
  ...ENTER_KEYS.map(({ name, action, help, footer }) => key('enter', name, action, null, help, footer)),
  key(
    'q',
    'main',
    'quit',
    'Leave',
    'leave; if `orch up` started the project here, asks: stop everything, detach, or stay. Elsewhere: back',
    'quit',
  ),
  key('escape q V', 'select', 'back', 'Select', 'back, nothing is selected', 'back'),
  key(
    'ctrl+c',
    [...SCREENS, 'select', ...QUESTIONS],
    'interrupt',
    'Leave',
    'leave without a question, and stop what q would; a second time: at once, without a grace period',
  ),
  key('ctrl+c', 'shutdown', 'interrupt', null, 'stop at once, without a grace period', 'stop at once'),
  key('d', VIEWS, 'detach', 'Leave', 'detach: leave; everything keeps running', 'detach'),
  key('ctrl+z', [...SCREENS, 'select', 'shutdown'], 'suspend', 'Leave', 'suspend; `fg` resumes'),

  key('up k', 'main', 'previous', 'Move', 'the row above'),
  key('down j', 'main', 'next', 'Move', 'the row below'),
  key('g', 'main', 'first', 'Move', 'the first row'),
  key('G', 'main', 'last', 'Move', 'the last row'),
  key('enter', 'main', 'toggleFold', 'Move', 'fold or unfold a pool'),
  key('space', 'main', 'mark', 'Move', 'mark it, or not any more: `r`, `s` and the palette act on all that are marked'),
  key('left h', 'main', 'fold', 'Move', 'fold the pool'),
  key('right', 'main', 'unfold', 'Move', 'unfold the pool'),
  key('z', 'main', 'foldAll', 'Move', 'fold or unfold all pools'),
  key('o', 'main', 'sort', 'Move', 'sort by the next column; after the last: the order of the file'),
  key('O', 'main', 'reverseSort', 'Move', 'sort the other way round'),
  key('T', 'main', 'group', 'Move', 'group by tag, or not'),
  key('/', 'main', 'filter', 'Move', 'show only names or states with …', 'filter'),
  key(':', VIEWS, 'palette', 'Move', 'all commands for all services: type some of their letters', 'commands'),

  key('r', ['main', 'logs', 'graph'], 'restart', 'Services', 'restart (asks first for several instances)', 'restart'),
  key('r', 'tasks', 'runTask', 'Services', 'run it now (in the tasks)', 'run now'),
  key(
    's',
    ['main', 'logs', 'graph', 'tasks'],
    'stopOrStart',
    'Services',
    'stop until started again (asks first for several), or start',
    'stop/start',
  ),
  key('+ =', 'main', 'scaleUp', 'Services', 'scale up (asks first)', 'scale'),
  key('- _', 'main', 'scaleDown', 'Services', 'scale down (asks first)'),
  key('w', ['main', 'logs', 'graph', 'tasks'], 'why', 'Services', 'explain its state', 'why'),
  key('i', ['main', 'logs', 'graph', 'tasks'], 'details', 'Services', 'show everything known about it', 'info'),

  ...PAGES.map(({ name, key: own, help }) => key(own, VIEWS, name, 'Services', help)),
  key('u', 'main', 'undoScale', 'Services', 'undo the last scale (asks first)'),
  key('E', ['main', 'logs'], 'edit', 'Services', 'open procs.yaml at it in `$EDITOR`'),
  key('b', ['main', 'logs'], 'browse', 'Services', 'open its URL, or copy it'),
  key(
    'I',
    ['main', 'logs'],
    'typeInto',
    'Services',
    'type into the program (`stdin` or `tty`); Esc, or Ctrl-], comes back',
  ),

  key('l', ['main', 'events', 'graph', 'tasks'], 'logs', 'Output', 'output on the whole screen', 'logs'),
  key('e', ['main', 'logs'], 'events', 'Output', 'events on the whole screen', 'events'),
  key('/', 'logs', 'search', null, 'search', 'search'),
  key('ctrl+f', ['main', 'logs'], 'search', 'Output', 'search in the log, newest first (on the whole screen also /)'),
  key('n', ['main', 'logs'], 'findOlder', 'Output', 'the next older line that the search finds'),
  key('N', ['main', 'logs'], 'findNewer', 'Output', 'the next newer one'),
  key('f', ['main', 'logs'], 'grep', 'Output', 'only lines that match …; !… only lines that do not', 'lines'),
  key('v', ['main', 'logs'], 'level', 'Output', 'only warnings and errors; then only errors; then all lines', 'level'),
  key('m', ['main', 'logs'], 'range', 'Output', 'only the last minute; 15 minutes; hour; since the start; all'),
  key('@', ['main', 'logs'], 'goToTime', 'Output', 'go to a time: 14:05, 10m ago, 2026-01-31 14:05'),
  key('C', ['main', 'logs'], 'clear', 'Output', 'clear: only what comes from now on'),
  key('M', ['main', 'logs'], 'mute', 'Output', 'leave the row out of the output of all, or not any more'),
  key('L', ['main', 'logs'], 'markOutput', 'Output', 'draw a line under the newest output'),
  key('S', ['main', 'logs'], 'save', 'Output', 'save the output to a file: the whole log within the filters'),
  key('P', ['main', 'logs'], 'pager', 'Output', 'open the same in `$PAGER`'),
  key('ctrl+e', ['main', 'logs'], 'editOutput', 'Output', 'open the same in `$EDITOR`'),
  key('f /', 'events', 'grep', null, 'find', 'find'),
  key('a', ['main', 'logs'], 'allOutput', 'Output', 'output of all services, or the selected one', 'all'),
  key('x', ['main', 'logs'], 'wrap', 'Output', 'wrap or cut long lines'),
  key(
    'J',
    ['main', 'logs'],
    'jsonLines',
    'Output',
    'JSON lines: on one line for people; with a line for each field; as they are',
  ),
  key('t', ['main', 'logs'], 'times', 'Output', 'show or hide times'),
  key('c', ['main', 'logs'], 'copy', 'Output', 'print the output as plain text, to select and copy', 'copy'),
  key('V', ['main', 'logs'], 'select', 'Output', 'select lines, to copy them or save them', 'select'),
  key('pageup ctrl+u', SCREENS, 'pageUp', 'Output', 'scroll up; pauses'),
  key('pagedown ctrl+d', SCREENS, 'pageDown', 'Output', 'scroll down'),
  key('up k', LISTS, 'lineUp', null, 'one line up', 'scroll'),
  key('down j', LISTS, 'lineDown', null, 'one line down'),
  key('home', SCREENS, 'oldest', 'Output', 'the oldest lines'),
  key('end', SCREENS, 'newest', 'Output', 'the newest lines, and follow'),
  key('g', LISTS, 'oldest', null, 'the oldest lines'),
  key('G', LISTS, 'newest', null, 'the newest lines, and follow'),
  key('escape', 'main', 'back', 'Move', 'unmark all; then clear filters and follow again'),
  key('ctrl+l', [...SCREENS, 'select', 'shutdown'], 'redraw', 'Output', 'redraw the screen'),

  key('y enter', 'select', 'copySelected', 'Select', 'copy the lines to the clipboard of the terminal', 'copy'),
  key('w S', 'select', 'saveSelected', 'Select', 'save them to a file', 'save'),
  key('space v', 'select', 'selectFrom', 'Select', 'begin the selection here, or begin again', 'begin'),
  key('up k', 'select', 'cursorUp', 'Select', 'the line above', 'move'),
  key('down j', 'select', 'cursorDown', 'Select', 'the line below'),
  key('shift+up K', 'select', 'extendUp', 'Select', 'select the line above as well', 'extend'),
  key('shift+down J', 'select', 'extendDown', 'Select', 'select the line below as well'),
  key('pageup ctrl+u', 'select', 'cursorPageUp', 'Select', 'a page up'),
  key('pagedown ctrl+d', 'select', 'cursorPageDown', 'Select', 'a page down'),
  key('home g', 'select', 'cursorOldest', 'Select', 'the oldest line that was read'),
  key('end G', 'select', 'cursorNewest', 'Select', 'the newest line'),
  key('U', [...SCREENS, 'select'], 'mouse', 'Output', 'leave the mouse to the terminal, or use it here again', 'mouse'),

  key('enter', PROMPTS, 'accept', null, 'accept', 'ok'),
  key('escape', PROMPTS, 'back', null, 'cancel', 'cancel'),
  key('y enter', 'confirm', 'accept', null, 'yes'),
  key('n escape q', 'confirm', 'back', null, 'no'),
  key('s', 'leave', 'stopAll', null, 'stop everything'),
  key('d', 'leave', 'detach', null, 'everything keeps running'),
  key('escape q n', 'leave', 'back', null, 'stay'),
  key('up + =', 'scale', 'increase', null, 'one more', 'more'),
  key('down - _', 'scale', 'decrease', null, 'one less', 'less'),
  key('tab', 'scale', 'switchTarget', null, 'file or override', 'file/override'),
  key('up ctrl+p', 'palette', 'choosePrevious', null, 'the entry above', 'choose'),
  key('down ctrl+n tab', 'palette', 'chooseNext', null, 'the entry below'),
  key('backspace delete', PROMPTS, 'erase', null, 'delete a character'),
  key('ctrl+u', PROMPTS, 'eraseAll', null, 'delete all'),
];
