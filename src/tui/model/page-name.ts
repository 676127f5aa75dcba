// The views that show one thing on the whole screen, apart from output and events.

/** `key` opens it, and leaves it. `help`: what the help screen and the palette say. */
export const PAGES = [
  { name: 'graph', key: 'D', help: 'dependencies: what waits for what, and why' },
  { name: 'queues', key: 'Q', help: 'log queues: what waits to be written, how much comes in, what was lost' },
  { name: 'diskEdit', key: 'p', help: 'the edit on disk: what it would change, or why it is rejected' },
] as const;

export type PageName = (typeof PAGES)[number]['name'];
export const PAGE_NAMES: readonly PageName[] = PAGES.map(({ name }) => name);

/** What only pages do, and what opens them. */
export type PageAction = PageName | (typeof OWN_ACTIONS)[number];
const OWN_ACTIONS = ['focus', 'applyEdit'] as const;

export const isPage = (name: string): name is PageName => (PAGE_NAMES as readonly string[]).includes(name);
export const isPageAction = (action: string): action is PageAction =>
  isPage(action) || (OWN_ACTIONS as readonly string[]).includes(action);
