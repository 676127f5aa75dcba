// What pages ask the supervisor for, and what it answers. Types only.
import type { EventRecord, MethodResult } from '../../api/protocol.ts';

/** `of`: the page that has asked. */
export type PageAnswer =
  | { of: 'diskEdit'; edit: MethodResult<'heldEdit'> }
  | { of: 'history'; history: MethodResult<'history'> }
  | { of: 'startUp'; events: readonly EventRecord[] }
  | { of: 'tasks'; events: readonly EventRecord[] };
export type AskingPage = PageAnswer['of'];

/** null: not known yet. `error`: why it cannot be known. */
export type Answered<Answer> = { answer: Answer | null; error: string | null };
export const UNANSWERED: Answered<never> = { answer: null, error: null };
