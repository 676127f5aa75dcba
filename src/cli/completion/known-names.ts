// Names of services and instances for completion: from the running supervisor, else read from the file without the YAML
// parser. An empty answer is acceptable, a slow one is not.
import { readFileSync } from 'node:fs';
import { connect } from '../../api/client.ts';
import { pathsOfFile } from '../../api/paths.ts';

export type KnownNames = { services: string[]; instances: string[]; tags: string[] };

const SUPERVISOR_TIMEOUT_MS = 300;
const MAX_READ_BYTES = 1024 * 1024;

export async function knownNames(file: string): Promise<KnownNames> {
  return (await namesOfSupervisor(file)) ?? namesInFile(file);
}

async function namesOfSupervisor(file: string): Promise<KnownNames | null> {
  try {
    const paths = pathsOfFile(file, null);
    const client = await connect(paths, { timeoutMs: SUPERVISOR_TIMEOUT_MS });
    if (!client) return null;
    const timer = setTimeout(() => client.close(), SUPERVISOR_TIMEOUT_MS);
    const { services } = await client.request('status', {});
    clearTimeout(timer);
    client.close();
    const instances = services.flatMap((service) => service.instances.map(({ id }) => id));
    const tags = services.flatMap((service) => service.tags ?? []);
    return { services: services.map(({ name }) => name), instances, tags: sorted(tags) };
  } catch {
    return null; // the file may still be readable
  }
}

function namesInFile(file: string): KnownNames {
  try {
    const text = readFileSync(file, 'utf8').slice(0, MAX_READ_BYTES);
    return { services: serviceKeys(text), instances: [], tags: tagsIn(text) };
  } catch {
    return { services: [], instances: [], tags: [] }; // no file
  }
}

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** In flow style (`tags: [backend, web]`) or one on each line. */
export function tagsIn(text: string): string[] {
  const lists = [...text.matchAll(/\btags\s*:(?:\s*\[([^\]#]*)\]|((?:\s*\n\s*-[^\n]*)+))/g)];
  const items = lists.flatMap(([, flow, block]) => flow?.split(',') ?? block!.split('\n'));
  return sorted(items.flatMap((item) => /^[\s-]*["']?([a-z0-9][a-z0-9_-]{0,62})/.exec(item)?.[1] ?? []));
}

/** The keys one level below a block `services:`. Flow style and includes are not read. */
export function serviceKeys(text: string): string[] {
  const names: string[] = [];
  let indent: number | null = null;
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue;
    const depth = line.length - line.trimStart().length;
    if (depth === 0) {
      isInside = /^services\s*:/.test(line);
      indent = null;
    } else if (isInside) {
      indent ??= depth;
      const key = /^\s*["']?([a-z0-9][a-z0-9_-]{0,62})["']?\s*:/.exec(line)?.[1];
      if (depth === indent && key) names.push(key);
    }
  }
  return names;
}
