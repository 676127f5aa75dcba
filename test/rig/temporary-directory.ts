// Directories of tests: made in the system's temporary directory, removed when the test or its file is done.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';

/**
 * @param name for readers of the temporary directory
 * @returns an absolute path without symlinks. Inside a test it is removed after that test, else after the file.
 */
export function temporaryDirectory(name = 'test'): string {
  const directory = makeDirectory(name);
  const remove = () => removeDirectory(directory);
  try {
    onTestFinished(remove);
  } catch {
    afterAll(remove); // outside of a test
  }
  return directory;
}

/** Like `temporaryDirectory`, for callers that remove it themselves. */
export function makeDirectory(name: string): string {
  return realpathSync(mkdtempSync(join(tmpdir(), `orch-${name}-`)));
}

/** Also one into which a process still writes: `maxRetries` of rmSync does not look for new files when it tries again. */
export function removeDirectory(directory: string, tries = 100): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY' || tries === 0) throw error;
    removeDirectory(directory, tries - 1);
  }
}
