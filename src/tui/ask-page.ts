// What a page asks the supervisor for.
import type { Client } from '../api/client.ts';
import type { EventRecord } from '../api/protocol.ts';
import type { AskingPage, PageAnswer } from './model/page-answer.ts';
import { tellOfStarts } from './model/start-up.ts';

/** Rejects with a ClientError. */
export async function askPage(client: Client, of: AskingPage): Promise<PageAnswer> {
  switch (of) {
    case 'diskEdit':
      return { of, edit: await client.request('heldEdit', {}) };
    case 'history':
      return { of, history: await client.request('history', {}) };
    case 'startUp': {
      const events: EventRecord[] = [];
      await client.stream('events', { follow: false }, (event) => events.push(event)).done;
      return { of, events: tellOfStarts(events) };
    }
  }
}
