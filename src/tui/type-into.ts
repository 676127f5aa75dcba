// What is typed into a program: lines from the last row of the view (`stdin: true`), or all keys, in its own terminal
// (`tty: true`). Pure.
import { sanitizeLine } from '../terminal/sanitize.ts';
import type { PromptAction } from './model/keymap.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { instancesOf, type NamedRow } from './model/rows.ts';
import { type InputOverlay, noticeOf, type UiState } from './model/state.ts';

/** The key or the palette, on an instance, or on a service that has one. */
export function askInput(state: UiState, row: NamedRow, nowMs: number): Reduced {
  const { input, name } = row.service;
  const instances = instancesOf(row);
  const [first] = instances;
  const refuse = (text: string): Reduced => withoutEffects({ ...state, notice: noticeOf(text, 'warn', nowMs) });
  if (input === undefined) return refuse(`${name} has no input: declare \`stdin: true\` or \`tty: true\` for it`);
  if (instances.length > 1) return refuse(`choose one of the ${instances.length} instances of ${name} to type into`);
  if (first === undefined || first.pid === null) return refuse(`${first?.id ?? name} is not running`);
  if (input === 'tty') return { state, effects: [{ kind: 'attach', instance: first.id }] };
  const overlay: InputOverlay = { kind: 'input', instance: first.id, text: '' };
  return withoutEffects({ ...state, selected: row.id, allOutput: false, logBottom: null, overlay });
}

/** Of a paste of several lines, those that are complete are sent. */
export function typeInput(state: UiState, overlay: InputOverlay, typed: string): Reduced {
  const lines = (overlay.text + typed).split(/\r\n|\r|\n/).map(cleaned);
  const text = lines.pop()!;
  const next = { ...state, overlay: { ...overlay, text } };
  if (lines.length === 0) return withoutEffects(next);
  return { state: next, effects: [{ kind: 'sendInput', instance: overlay.instance, lines }] };
}

/** The prompt stays open: a conversation has several lines. */
export function answerInput(state: UiState, overlay: InputOverlay, action: PromptAction): Reduced {
  switch (action) {
    case 'accept':
      return typeInput(state, overlay, '\n');
    case 'erase':
      return withoutEffects({ ...state, overlay: { ...overlay, text: [...overlay.text].slice(0, -1).join('') } });
    case 'eraseAll':
      return withoutEffects({ ...state, overlay: { ...overlay, text: '' } });
    default:
      return withoutEffects(state);
  }
}

/** No control character but the tab reaches the program by a paste. */
const cleaned = (line: string): string => sanitizeLine(line, false);
