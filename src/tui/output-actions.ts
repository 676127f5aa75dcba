// What the keys do that choose which output is shown, and how, or take it elsewhere. Pure.
import { formatClock } from '../units.ts';
import type { KeyAction } from './model/keymap.ts';
import { nextLevelFilter } from './model/level.ts';
import { type Reduced, withoutEffects } from './model/messages.ts';
import { noticeOf, type TimeRange, type UiState } from './model/state.ts';
import { nextRange } from './model/time-range.ts';
import { mute } from './mute.ts';

const OUTPUT_ACTIONS = [
  'level',
  'range',
  'clear',
  'mute',
  'markOutput',
  'pager',
  'editOutput',
  'wrap',
  'jsonLines',
  'times',
] as const;
type OutputAction = (typeof OUTPUT_ACTIONS)[number];

export function isOutputAction(action: KeyAction): action is OutputAction {
  return (OUTPUT_ACTIONS as readonly KeyAction[]).includes(action);
}

export function applyToOutput(state: UiState, action: OutputAction, nowMs: number): Reduced {
  switch (action) {
    case 'pager':
      return { state, effects: [{ kind: 'pageOutput' }] };
    case 'editOutput':
      return { state, effects: [{ kind: 'editOutput' }] };
    case 'level':
      return withoutEffects({ ...state, levels: nextLevelFilter(state.levels), logBottom: null, searchHit: null });
    case 'range':
      return withoutEffects({ ...state, range: nextRange(state, nowMs), logBottom: null, searchHit: null });
    case 'clear': {
      const range: TimeRange = { name: 'cleared', sinceMs: nowMs };
      return withoutEffects({ ...state, range, logBottom: null, searchHit: null });
    }
    case 'mute':
      return withoutEffects(mute(state, nowMs));
    case 'markOutput':
      return withoutEffects({ ...state, marks: [...state.marks, nowMs] });
    case 'wrap':
      return withoutEffects({ ...state, wrapLines: !state.wrapLines });
    case 'jsonLines':
      return withoutEffects(switchJson(state, nowMs));
    case 'times':
      return withoutEffects({ ...state, showTimes: !state.showTimes });
  }
}

const NEXT_FORM = { raw: 'compact', compact: 'pretty', pretty: 'raw' } as const;
const FORM_NOTICES = { raw: 'as they are', compact: 'on one line', pretty: 'with a line for each field' };

/** The lines on screen may hold no JSON: the notice says what was chosen. */
function switchJson(state: UiState, nowMs: number): UiState {
  const jsonLines = NEXT_FORM[state.jsonLines];
  return { ...state, jsonLines, notice: noticeOf(`JSON lines: ${FORM_NOTICES[jsonLines]}`, 'good', nowMs) };
}

/** `shop-2026-01-31-140500.txt` */
export function defaultFileName({ status }: UiState, nowMs: number): string {
  const moment = formatClock(nowMs, { date: true }).replace(' ', '-').replaceAll(':', '');
  return `${status?.project ?? 'orch'}-${moment}.txt`;
}
