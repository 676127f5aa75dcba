// Gathers all that is known about a service or an instance: from the supervisor, the files of the project, and its logs.
import { type Client, ClientError } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { EventRecord } from '../../api/protocol.ts';
import type { InspectedInstance } from '../../api/protocol-inspect.ts';
import type { DetailRow, DetailSection, Details } from '../../tui/model/details.ts';
import { formatClock } from '../../units.ts';
import { configurationRows, type DetailsContext, dependencyRows, readConfigured } from './configured.ts';
import { exitRows } from './exit-rows.ts';
import { instanceRow } from './instance-row.ts';
import { probeSection } from './probe-rows.ts';
import { processSection } from './process-rows.ts';
import { serviceRows } from './service-rows.ts';
import { readStderr } from './stderr-lines.ts';

const STDERR_LINES = 10;
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
    readStderr(status, service, paths.root, ids),
  ]);
  const nowMs = Date.now();
  const sections: DetailSection[] = [
    { title: 'instances', rows: instances.map((instance) => instanceRow(instance, nowMs)) },
    { title: 'why', rows: explanations.flatMap(({ id, causes }) => causes.map((value) => ({ label: id, value }))) },
    processSection(inspected ?? []),
    probeSection(inspected ?? []),
    { title: 'last exits', rows: exitRows(events, stderr) },
    { title: 'service', rows: serviceRows(service, status) },
    { title: 'dependencies', rows: dependencyRows(service.name, status, configured) },
    { title: 'configuration', rows: await configurationRows(service.name, configured) },
    { title: 'last lines of stderr', rows: stderr.slice(-STDERR_LINES).map(({ timeMs, text }) => at(timeMs, text)) },
    { title: 'last events', rows: events.slice(-EVENTS).map(({ time, message }) => at(Date.parse(time), message)) },
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
  return found;
}
