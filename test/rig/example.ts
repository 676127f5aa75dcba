// An example of the project as a test project: its files copied to a temporary directory.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProject, type Project } from './project.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

/** @param name a folder below `examples/` */
export function createExampleProject(name: string, options: { env?: Record<string, string> } = {}): Project {
  const directory = join(examples, name);
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile() && !path.includes('.orch/'))
    .map((path) => [path, readFileSync(join(directory, path), 'utf8')]);
  return createProject(Object.fromEntries(files) as Record<string, string>, options);
}

/** The body of an HTTP answer on loopback, or null while nobody answers. */
export async function get(port: number, path = '/'): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    return await response.text();
  } catch {
    return null; // refused or reset: nobody there (yet)
  }
}
