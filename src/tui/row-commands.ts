// What the commands for a row do: those of its keys, and those that the palette offers by name. Pure.
import type { Effect, ProjectMethod, ScaleTarget } from './model/effects.ts';
import type { KeyAction } from './model/keymap.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { type MarkedVerb, portOf, type RowVerb, urlOf } from './model/palette.ts';
import {
  type CommandTarget,
  isInactive,
  markedTarget,
  type NamedRow,
  namedRows,
  selectedRow,
  targetOf,
} from './model/rows.ts';
import type { DetailsOverlay, UiState, WhyOverlay } from './model/state.ts';
import { scaleEffect } from './prompt.ts';
import { askInput } from './type-into.ts';

type RowAction =
  | 'restart'
  | 'stopOrStart'
  | 'why'
  | 'details'
  | 'scaleUp'
  | 'scaleDown'
  | 'edit'
  | 'browse'
  | 'typeInto';

/** A key, on the row that it acts on. */
export function applyToRow(state: UiState, action: RowAction, nowMs: number): Reduced {
  const row = selectedRow(state);
  if (row === null) return withoutEffects(state);
  const target = (state.view === 'main' ? markedTarget(state) : null) ?? targetOf(row);
  if (action === 'restart') return runCommand(state, 'restart', target);
  if (action === 'stopOrStart') return runCommand(state, isInactive(target) ? 'start' : 'stop', target);
  if (row.kind === 'group') return withoutEffects(state);
  if (action === 'scaleUp' || action === 'scaleDown') return askScale(state, row, action === 'scaleUp' ? 1 : -1);
  return applyVerbToRow(state, action, row, nowMs);
}

/** What the palette offers for all that are marked. */
export function applyToMarked(state: UiState, verb: MarkedVerb): Reduced {
  const target = markedTarget(state);
  if (target === null) return withoutEffects(state);
  return verb === 'signal' ? askSignal(state, target) : runCommand(state, verb, target);
}

/** What the palette offers for a service or an instance; nothing if that is gone by now. */
export function applyVerb(state: UiState, verb: RowVerb, name: string, nowMs: number): Reduced {
  const row = namedRows(state.status?.services ?? []).find(({ id }) => id === name);
  return row === undefined ? withoutEffects(state) : applyVerbToRow(state, verb, row, nowMs);
}

/** A key of a page on a service or an instance that it shows; null: it means nothing there. */
export function applyToNamed(state: UiState, action: KeyAction, name: string, nowMs: number): Reduced | null {
  if (action === 'why' || action === 'details' || action === 'restart') return applyVerb(state, action, name, nowMs);
  if (action === 'logs') return applyVerb(state, 'output', name, nowMs);
  if (action !== 'stopOrStart') return null;
  const row = namedRows(state.status?.services ?? []).find(({ id }) => id === name);
  if (row === undefined) return withoutEffects(state);
  return applyVerb(state, isInactive(targetOf(row)) ? 'start' : 'stop', name, nowMs);
}

function applyVerbToRow(state: UiState, verb: RowVerb, row: NamedRow, nowMs: number): Reduced {
  switch (verb) {
    case 'start':
    case 'stop':
    case 'restart':
      return runCommand(state, verb, targetOf(row));
    case 'why': {
      const overlay: WhyOverlay = { kind: 'why', name: row.id, scroll: 0, explanations: null, error: null };
      return { state: { ...state, overlay }, effects: [{ kind: 'explain', name: row.id }] };
    }
    case 'details': {
      const overlay: DetailsOverlay = { kind: 'details', name: row.id, scroll: 0, details: null, error: null };
      return { state: { ...state, overlay }, effects: [{ kind: 'describe', name: row.id }] };
    }
    case 'scale':
      return askScale(state, row, 0);
    case 'unscale':
      return { state, effects: [scaleEffect(state, { service: row.service.name, size: null, target: 'override' })] };
    case 'signal':
      return askSignal(state, targetOf(row));
    case 'reload':
      return { state, effects: [{ kind: 'reload', name: row.id }] };
    case 'edit':
      return { state, effects: [{ kind: 'edit', service: row.service.name }] };
    case 'browse': {
      const port = portOf(row);
      if (port === null) return withoutEffects(state);
      return { state, effects: [{ kind: 'browse', url: urlOf(port) }] };
    }
    case 'typeInto':
      return askInput(state, row, nowMs);
    case 'select':
      return withoutEffects({ ...goTo(state, row), view: 'main' });
    case 'output':
      return withoutEffects({ ...goTo(state, row), allOutput: false, logBottom: null, view: 'logs' });
  }
}

/** The row, unfolded and unfiltered, so that it is there. */
function goTo(state: UiState, row: NamedRow): UiState {
  const folds = row.kind === 'instance' ? { ...state.folds, [row.service.name]: false } : state.folds;
  return { ...state, selected: row.id, nameFilter: '', folds, logBottom: state.allOutput ? state.logBottom : null };
}

/** What touches several running instances is asked first. */
function runCommand(
  state: UiState,
  method: 'start' | 'stop' | 'restart',
  { names, instances, title }: CommandTarget,
): Reduced {
  const effect: Effect = { kind: 'command', method, names };
  const count = instances.length;
  if (method === 'start' || count <= 1) return { state, effects: [effect] };
  return ask(state, `${method} all ${count} instances of ${title}?`, effect);
}

export function ask(state: UiState, question: string, effect: Effect): Reduced {
  if (!state.asksFirst) return { state, effects: [effect] };
  return withoutEffects({ ...state, overlay: { kind: 'confirm', question, effect } });
}

function askScale(state: UiState, { service }: NamedRow, step: number): Reduced {
  const { name, pool } = service;
  const text = String(Math.max(0, pool + step));
  const target: ScaleTarget = state.canEditFile ? 'file' : 'override';
  const overlay = { kind: 'scale' as const, service: name, from: pool, text, typed: false, target };
  return withoutEffects({ ...state, overlay });
}

/** The prompt is the question, as that of a new size is. */
function askSignal(state: UiState, target: CommandTarget): Reduced {
  const { names, instances } = target;
  const count = instances.length;
  const title = count > 1 ? `all ${count} instances of ${target.title}` : target.title;
  return withoutEffects({
    ...state,
    overlay: { kind: 'signal', names, title, text: 'HUP', typed: false },
  });
}

export function undoScale(state: UiState): Reduced {
  if (state.lastScale === null) return withoutEffects(state);
  const { service, before, target } = state.lastScale;
  const effect = scaleEffect(state, { service, size: before, target });
  const where = target === 'file' ? `${before} in procs.yaml` : before === null ? 'what its file says' : `${before}`;
  return ask(state, `scale ${service} back to ${where}?`, effect);
}

/** Another configuration may restart everything. */
export function applyToProject(state: UiState, method: ProjectMethod): Reduced {
  const effect: Effect = { kind: 'project', method };
  if (method !== 'rollback') return { state, effects: [effect] };
  return ask(state, 'put the configuration before this one in force?', effect);
}
