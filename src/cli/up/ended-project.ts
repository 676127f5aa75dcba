// How a project ended by itself (`on_end`, `on_failure`): read from the file of events, which outlives the supervisor.
import { readFileSync } from 'node:fs';
import { ClientError } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { EventRecord } from '../../api/protocol.ts';
import type { CliContext, ExitCode } from '../context/context.ts';

/** `exitCode`: of the program that ended it. `message`: a sentence. */
export type EndedProject = { exitCode: number; message: string };

/**
 * @param sinceMs earlier ends are not meant, milliseconds since the epoch
 * @returns null: no service has ended the project since then
 */
export function readProjectEnd({ eventsFile }: ProjectPaths, sinceMs: number): EndedProject | null {
  const since = new Date(sinceMs).toISOString();
  // The events of a moment ago may have been moved to the second file.
  for (const path of [eventsFile, `${eventsFile}.1`]) {
    const line = readLines(path).findLast((text) => text.includes('"going_down"') && text.includes('"exitCode"'));
    const event = line === undefined ? null : parseEvent(line);
    if (event && event.time >= since) return { exitCode: Number(event.details.exitCode), message: event.message };
  }
  return null;
}

/** The same for a command whose request failed: null where another reason than the end of the project made it fail. */
export function endBehind(error: unknown, paths: ProjectPaths, sinceMs: number): EndedProject | null {
  if (!(error instanceof ClientError)) return null;
  const { exitCode, message } = error.wire;
  return exitCode === undefined ? readProjectEnd(paths, sinceMs) : { exitCode, message };
}

/** @returns the exit code of the command. */
export function reportEnded(context: CliContext, { exitCode, message }: EndedProject): ExitCode {
  context.stderr.write(`${message}\n`);
  return exitCode;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return []; // there is none yet
  }
}

function parseEvent(line: string): EventRecord | null {
  try {
    return JSON.parse(line) as EventRecord;
  } catch {
    return null; // it was not written to its end
  }
}
