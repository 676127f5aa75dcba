// Gathers all that is known about a service or an instance: from the supervisor, the files of the project, and its logs.
import { resolve } from 'node:path';
import { type Client, ClientError } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { EventRecord, ServiceStatus, Status } from '../../api/protocol.ts';
import type { InspectedInstance } from '../../api/protocol-inspect.ts';
import { readLogs } from '../../logs/reader/read-logs.ts';
import { stripSgr } from '../../terminal/sanitize.ts';
import type { DetailRow, DetailSection, Details } from '../../tui/model/details.ts';
import { formatClock } from '../../units.ts';
import { configurationRows, type DetailsContext, dependencyRows, readConfigured } from './configured.ts';
import { instanceRow } from './instance-row.ts';
import { probeSection } from './probe-rows.ts';
import { processSection } from './process-rows.ts';

const STDERR_LINES = 10;
/** Of both streams: those of stderr are among them. */
const READ_LINES = 500;
const EVENTS = 8;

/** @returns null if no service or instance has that name. */
export async function readDetails(
  context: DetailsContext,
  client: Client,
  paths: ProjectPaths,
  name: string,
): Promise<Details | null> {
  const status = await client.request('status', {});
  const service = status.services.find((each) => each.name === name || each.instances.some(({ id }) => id === name));
  if (service === undefined) return null;
  const instances = service.name === name ? service.instances : service.instances.filter(({ id }) => id === name);
  const ids = new Set(instances.map(({ id }) => id));
  const [{ explanations }, inspected, events, configured, stderr] = await Promise.all([
    client.request('why', { name }),
    inspect(client, name),
    readEvents(client, service.name, ids),
    readConfigured(context, client),
    readStderr(status, service, paths, ids),
  ]);
  const nowMs = Date.now();
  const sections: DetailSection[] = [
    { title: 'instances', rows: instances.map((instance) => instanceRow(instance, nowMs)) },
    { title: 'why', rows: explanations.flatMap(({ id, causes }) => causes.map((value) => ({ label: id, value }))) },
    processSection(inspected ?? []),
    probeSection(inspected ?? []),
    { title: 'dependencies', rows: dependencyRows(service.name, status, configured) },
    { title: 'configuration', rows: await configurationRows(service.name, configured) },
    { title: 'last lines of stderr', rows: stderr },
    { title: 'last events', rows: events.map(({ time, message }) => at(Date.parse(time), message)) },
  ];
  const shown = sections.filter(({ rows }) => rows.length > 0);
  return { name, title: service.title ?? null, sections: shown, instances: inspected };
}

/** @returns null: the supervisor is of an older version. */
async function inspect(client: Client, name: string): Promise<InspectedInstance[] | null> {
  try {
    return (await client.request('inspect', { name })).instances;
  } catch (error) {
    if (error instanceof ClientError && error.message.includes('unknown method')) return null;
    throw error;
  }
}

const at = (timeMs: number, value: string): DetailRow => ({ label: formatClock(timeMs), value });

async function readEvents(client: Client, service: string, ids: ReadonlySet<string>): Promise<EventRecord[]> {
  const found: EventRecord[] = [];
  const { done } = client.stream('events', { follow: false, limit: 1000 }, (event) => {
    const isOfInstance = event.instance !== null && ids.has(event.instance);
    if (isOfInstance || (event.instance === null && event.service === service)) found.push(event);
  });
  await done;
  return found.slice(-EVENTS);
}

async function readStderr(
  status: Status,
  { logQueue, stderrQueue = logQueue }: ServiceStatus,
  { root }: ProjectPaths,
  instances: ReadonlySet<string>,
): Promise<DetailRow[]> {
  const queues = status.logQueues
    .filter(({ name }) => name === stderrQueue)
    .map(({ name, path }) => ({ name, path: resolve(root, path), format: 'text' as const }));
  const all = { tail: READ_LINES, sinceMs: null, untilMs: null, grep: null };
  const found: DetailRow[] = [];
  for await (const lines of readLogs({ queues, instances, ...all })) {
    for (const { stream, timeMs, line } of lines) if (stream === 'e') found.push(at(timeMs, stripSgr(line)));
  }
  return found.slice(-STDERR_LINES);
}
