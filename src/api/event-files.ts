// The events on disk, `.orch/events.jsonl` and the rotated `.orch/events.jsonl.1`: what earlier supervisors reported.
// Reads only; the supervisor's event log writes.
import { readFileSync, statSync } from 'node:fs';
import { rotatedEventsFile } from './paths.ts';
import type { EventRecord } from './protocol.ts';

const MAX_ATTEMPTS = 5;

/** @returns all events, oldest first; lines that a crash cut off are left out. */
export function readEvents(path: string): EventRecord[] {
  for (let attempt = 1; ; attempt++) {
    const before = inodeOf(path);
    const text = readText(rotatedEventsFile(path)) + readText(path);
    // Otherwise the file was rotated meanwhile, and events are missing or doubled.
    if (inodeOf(path) === before || attempt === MAX_ATTEMPTS) return parseEvents(text);
  }
}

function parseEvents(text: string): EventRecord[] {
  return text.split('\n').flatMap((line) => {
    try {
      const event = JSON.parse(line) as EventRecord | null;
      return typeof event?.seq === 'number' && typeof event.time === 'string' ? [event] : [];
    } catch {
      return []; // cut off by a crash
    }
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // ENOENT
  }
}

function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino;
  } catch {
    return null; // ENOENT
  }
}
