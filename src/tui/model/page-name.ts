// The views that show one thing on the whole screen, apart from output and events.

/**
 * `key` opens it, and leaves it. `help`: what the help screen and the palette say. `enter`: what Enter does there, and the
 * word for it in the last line.
 */
type PageKeys = { name: string; key: string; help: string; enter: EnterKey | null };
type EnterKey = { action: PageOwnAction; help: string; footer: string };
type PageOwnAction = 'focus' | 'applyEdit' | 'rollBack' | 'showTask';

const FOCUS: EnterKey = {
  action: 'focus',
  help: 'only what it waits for, and what waits for it; or all again',
  footer: 'only around it',
};
const APPLY: EnterKey = { action: 'applyEdit', help: 'apply the edit that is held (asks first)', footer: 'apply' };
const SHOW: EnterKey = { action: 'showTask', help: 'show everything known about it', footer: 'details' };
const ROLL_BACK: EnterKey = { action: 'rollBack', help: 'roll back to it (asks first)', footer: 'roll back' };

export const PAGES = [
  { name: 'graph', key: 'D', enter: FOCUS, help: 'dependencies: what waits for what, and why' },
  { name: 'queues', key: 'Q', enter: null, help: 'log queues: what waits to be written, comes in, and was lost' },
  { name: 'diskEdit', key: 'p', enter: APPLY, help: 'the edit on disk: what it would change, or why it is rejected' },
  { name: 'history', key: 'H', enter: ROLL_BACK, help: 'history: all generations, and back to one of them' },
  { name: 'startUp', key: 'B', enter: null, help: 'start-up: what took how long, and the chain that decided it' },
  {
    name: 'tasks',
    key: 'K',
    enter: SHOW,
    help: 'tasks: how the last run ended, when the next one is, and what needs it',
  },
] as const satisfies PageKeys[];

export type PageName = (typeof PAGES)[number]['name'];
export const PAGE_NAMES: readonly PageName[] = PAGES.map(({ name }) => name);
export const ENTER_KEYS = PAGES.flatMap(({ name, enter }) => (enter === null ? [] : [{ name, ...enter }]));

/** What only pages do, and what opens them. */
export type PageAction = PageName | PageOwnAction | 'runTask';

export const isPage = (name: string): name is PageName => (PAGE_NAMES as readonly string[]).includes(name);
export const isPageAction = (action: string): action is PageAction =>
  isPage(action) || action === 'runTask' || PAGES.some(({ enter }) => enter?.action === action);
