// Gives every test of a file that imports it a fresh directory for log files, removed afterwards.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** When the lines of these tests begin. */
export const T0 = Date.parse('2026-03-01T12:00:00.000Z');

export let dir: string;
/** The live file of the queue `main`. */
export let main: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'orch-logs-'));
  main = join(dir, 'main.log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
