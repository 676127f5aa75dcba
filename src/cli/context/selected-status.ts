// The part of a status that names and `--except` mean: `orch ps tag:backend`.
import type { Status } from '../../api/protocol.ts';
import { selectablesOf } from '../../api/select-names.ts';
import { checkKnown, type SelectionOptions, selectOf } from './selection.ts';

/**
 * @returns the services that are meant, each with the instances that are meant; the whole status without names. Throws a
 * ClientError for an unknown name.
 */
export async function selectedStatus(status: Status, words: string[], options: SelectionOptions): Promise<Status> {
  const known = selectablesOf(status);
  const names = await selectOf(known, words, options, 'look');
  if (names.length === 0) return status;
  await checkKnown(known, names);
  const isMeant = new Set(names);
  const services = status.services.flatMap((service) => {
    const instances = service.instances.filter(({ id }) => isMeant.has(service.name) || isMeant.has(id));
    return instances.length > 0 || isMeant.has(service.name) ? [{ ...service, instances }] : [];
  });
  const shown = new Set(services.flatMap(({ instances }) => instances.map(({ id }) => id)));
  const { degraded } = status;
  return { ...status, services, ...(degraded && { degraded: degraded.filter(({ instance }) => shown.has(instance)) }) };
}
