// What a page asks the supervisor for.
import type { Client } from '../api/client.ts';
import type { EventRecord } from '../api/protocol.ts';
import type { AskingPage, PageAnswer } from './model/page-answer.ts';
import { tellOfStarts } from './model/start-up.ts';
import { tellOfRuns } from './model/task-runs.ts';

/** Rejects with a ClientError. */
export async function askPage(client: Client, of: AskingPage): Promise<PageAnswer> {
  switch (of) {
    case 'diskEdit':
      return { of, edit: await client.request('heldEdit', {}) };
    case 'history':
      return { of, history: await client.request('history', {}) };
    case 'startUp':
      return { of, events: tellOfStarts(await pastEvents(client)) };
    case 'tasks':
      return { of, events: tellOfRuns(await pastEvents(client)) };
  }
}

async function pastEvents(client: Client): Promise<EventRecord[]> {
  const events: EventRecord[] = [];
  await client.stream('events', { follow: false }, (event) => events.push(event)).done;
  return events;
}
