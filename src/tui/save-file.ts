// Saves a text to a file that the user names.
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** @param name relative to the working directory. A file that exists is left alone. @returns its path */
export async function saveFile(name: string, text: string): Promise<string> {
  const path = resolve(name.replace(/^~(?=\/|$)/, homedir()));
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Error(`${path} exists already`);
    throw error;
  }
  return path;
}
