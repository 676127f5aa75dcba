// What a page asks the supervisor for.
import type { Client } from '../api/client.ts';
import type { AskingPage, PageAnswer } from './model/page-answer.ts';

/** Rejects with a ClientError. */
export async function askPage(client: Client, of: AskingPage): Promise<PageAnswer> {
  switch (of) {
    case 'diskEdit':
      return { of, edit: await client.request('heldEdit', {}) };
    case 'history':
      return { of, history: await client.request('history', {}) };
  }
}
