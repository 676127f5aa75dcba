// An example of the project as a test project: its files copied to a temporary directory.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProject, type Project } from './project.ts';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

/**
 * @param name a folder below `examples/`
 * @param ports port in the files of the example -> port that the test uses instead
 */
export function createExampleProject(name: string, ports: Record<number, number> = {}): Project {
  const directory = join(examples, name);
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(directory, path)).isFile() && !path.includes('.orch/'))
    .map((path) => [path, withPorts(readFileSync(join(directory, path), 'utf8'), ports)]);
  return createProject(Object.fromEntries(files) as Record<string, string>);
}

export function withPorts(text: string, ports: Record<number, number>): string {
  return Object.entries(ports).reduce((result, [from, to]) => result.replaceAll(from, String(to)), text);
}

/** The body of an HTTP answer on loopback, or null while nothing answers. */
export async function get(port: number, path = '/'): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    return await response.text();
  } catch {
    return null; // refused or reset: nothing listens (yet)
  }
}
