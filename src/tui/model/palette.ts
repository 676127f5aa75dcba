// What the palette offers: the commands for the selected row, those of the view and of the project, and those for every other
// service and instance; and which of them the typed letters mean. Pure.
import type { ServiceStatus } from '../../api/protocol.ts';
import { rowUnderCursor } from './cursor.ts';
import type { ProjectMethod } from './effects.ts';
import { fuzzyMatch } from './fuzzy.ts';
import { keyLabel } from './key-label.ts';
import type { KeyAction, KeyBinding } from './keymap.ts';
import { instancesOf, isInactiveInstance, markedTarget, type NamedRow, namedRows, type TableRow } from './rows.ts';
import type { PaletteOverlay, UiState } from './state.ts';

export type RowVerb =
  | 'start'
  | 'stop'
  | 'restart'
  | 'scale'
  | 'unscale'
  | 'signal'
  | 'reload'
  | 'why'
  | 'details'
  | 'output'
  | 'select'
  | 'edit'
  | 'browse'
  | 'typeInto';

/** For all that are marked. */
export type MarkedVerb = 'start' | 'stop' | 'restart' | 'signal';

export type PaletteCommand =
  | { kind: 'marked'; verb: MarkedVerb }
  | { kind: 'row'; verb: RowVerb; name: string }
  | { kind: 'key'; action: KeyAction }
  | { kind: 'project'; method: ProjectMethod };

/** `text`: what the letters are compared with. `note`: its key, or what it means now. */
export type PaletteEntry = { text: string; note: string; command: PaletteCommand };
export type PaletteMatch = PaletteEntry & { at: readonly number[] };

/** A state is never mutated, so what it offers is known once: the reducer and the view both ask. */
const known = new WeakMap<PaletteOverlay, { of: UiState['status']; matches: PaletteMatch[] }>();

/** The best come first; equally good ones stay in the order of the palette. */
export function paletteMatches(state: UiState, palette: PaletteOverlay): PaletteMatch[] {
  const before = known.get(palette);
  if (before !== undefined && before.of === state.status) return before.matches;
  const matches = paletteEntries(state)
    .map((entry) => ({ entry, found: fuzzyMatch(palette.text, entry.text) }))
    .filter((each): each is { entry: PaletteEntry; found: NonNullable<typeof each.found> } => each.found !== null)
    .sort((one, other) => one.found.cost - other.found.cost)
    .map(({ entry, found }) => ({ ...entry, at: found.at }));
  known.set(palette, { of: state.status, matches });
  return matches;
}

export function paletteEntries(state: UiState): PaletteEntry[] {
  const selected = rowUnderCursor(state);
  const first = selected === null || selected.kind === 'group' ? null : selected;
  const others = namedRows(state.status?.services ?? []).filter(({ id }) => id !== first?.id);
  return [
    ...markedEntries(state),
    ...(first === null ? [] : rowEntries(first, state.bindings)),
    ...viewEntries(state),
    ...projectEntries(state),
    ...others.flatMap((row) => rowEntries(row, state.bindings)),
  ];
}

function markedEntries(state: UiState): PaletteEntry[] {
  const target = markedTarget(state);
  if (target === null) return [];
  const { names, instances } = target;
  const entry = (verb: MarkedVerb): PaletteEntry => ({
    text: `${verb} all that are marked`,
    note: names.join(' '),
    command: { kind: 'marked', verb },
  });
  return [
    ...(instances.every(isInactiveInstance) ? [] : [entry('restart'), entry('stop')]),
    ...(instances.some(isInactiveInstance) ? [entry('start')] : []),
    ...(instances.some(({ pid }) => pid !== null) ? [entry('signal')] : []),
  ];
}

const KEYS_OF_VERBS: Partial<Record<RowVerb, KeyAction>> = {
  restart: 'restart',
  start: 'stopOrStart',
  stop: 'stopOrStart',
  scale: 'scaleUp',
  why: 'why',
  details: 'details',
  edit: 'edit',
  browse: 'browse',
  typeInto: 'typeInto',
};

function rowEntries(row: NamedRow, bindings: readonly KeyBinding[]): PaletteEntry[] {
  const { service } = row;
  const instances = instancesOf(row);
  const isInactive = instances.length > 0 && instances.every(isInactiveInstance);
  const isLive = instances.some(({ pid }) => pid !== null);
  const port = portOf(row);
  const entry = (text: string, verb: RowVerb, note = keyNote(bindings, KEYS_OF_VERBS[verb])): PaletteEntry => ({
    text: text.replace('NAME', row.id),
    note,
    command: { kind: 'row', verb, name: row.id },
  });
  const entries = [
    ...(isInactive ? [] : [entry('restart NAME', 'restart'), entry('stop NAME', 'stop')]),
    ...(instances.some(isInactiveInstance) ? [entry(isTask(service) ? 'run NAME' : 'start NAME', 'start')] : []),
    // `restart` continues it.
    ...(service.rollout?.state === 'paused' ? [entry('resume the roll-out of NAME', 'restart', 'restarts it')] : []),
    entry('why NAME', 'why'),
    entry('show NAME', 'details'),
    entry('output of NAME', 'output', ''),
    entry('go to NAME', 'select', ''),
    ...(isLive ? [entry('signal NAME', 'signal', 'asks which'), entry('reload NAME', 'reload', '')] : []),
    ...(isLive && service.input !== undefined && instances.length === 1 ? [entry('type into NAME', 'typeInto')] : []),
    ...(port === null ? [] : [entry('open NAME', 'browse', urlOf(port))]),
  ];
  if (row.kind === 'instance') return entries;
  return [
    ...entries,
    ...(service.singleton
      ? []
      : [entry('scale NAME', 'scale', `${keyNote(bindings, 'scaleUp')}, now ${service.pool}`)]),
    ...(service.override?.pool === undefined ? [] : [entry('scale NAME as its file says', 'unscale', '')]),
    entry('edit NAME', 'edit', `${keyNote(bindings, 'edit')}, in procs.yaml`),
  ];
}

/** What is run by hand, or runs to its end. */
function isTask({ task, runs, instances }: ServiceStatus): boolean {
  return task !== undefined || runs === 'on_request' || instances.every(({ state }) => state === 'completed');
}

export function portOf(row: TableRow): number | null {
  return instancesOf(row).find(({ port = null }) => port !== null)?.port ?? null;
}

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

/** Moving about is faster by key; what acts on a row is offered with its name. */
const NOT_OFFERED = new Set<KeyAction>([
  ...(['previous', 'next', 'first', 'last', 'fold', 'unfold', 'toggleFold'] as const),
  ...(['pageUp', 'pageDown', 'lineUp', 'lineDown', 'back', 'palette', 'scaleDown', 'interrupt'] as const),
  ...(Object.values(KEYS_OF_VERBS) as KeyAction[]),
]);

function viewEntries({ view, lastScale, bindings }: UiState): PaletteEntry[] {
  return bindings
    .filter(
      ({ group, contexts, action }) =>
        (group !== null || action === 'back') && contexts.includes(view) && !NOT_OFFERED.has(action),
    )
    .filter(({ action }) => action !== 'undoScale' || lastScale !== null)
    .map(({ help, action }) => ({ text: help, note: keyNote(bindings, action), command: { kind: 'key', action } }));
}

function projectEntries({ status }: UiState): PaletteEntry[] {
  if (status === null) return [];
  const entry = (text: string, method: ProjectMethod, note: string): PaletteEntry => ({
    text,
    note,
    command: { kind: 'project', method },
  });
  return [
    status.config.paused
      ? entry('resume: apply the edits that wait', 'resume', 'orch resume')
      : entry('pause: let edits of the files wait', 'pause', 'orch pause'),
    ...(status.generation > 1
      ? [entry('roll back: the configuration before this one', 'rollback', 'orch rollback')]
      : []),
  ];
}

/** The first key of an action, as people write it. */
export function keyNote(bindings: readonly KeyBinding[], action: KeyAction | undefined): string {
  const binding = bindings.find((each) => each.action === action);
  return binding === undefined ? '' : keyLabel(binding.keys[0]!);
}
