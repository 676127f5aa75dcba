// Which file has the last word on the size of a pool: procs.yaml, a file that it includes, or the overlay.
import { type LoadRequest, loadTree } from './load.ts';
import { problemOf, quote } from './problem.ts';
import { failed, type Result } from './result.ts';
import { suggestionHint } from './suggest.ts';
import { child, entriesOf } from './tree/tree.ts';

/**
 * @returns the file where `pool` of the service is written, or, where it is written nowhere (or only in `defaults`), the
 * last file that writes something of the service. Problems: the configuration has errors, or no such service.
 */
export async function findPoolOwner(
  request: LoadRequest,
  service: string,
): Promise<Result<{ path: string; display: string }>> {
  const { digested, problems } = await loadTree(request);
  if (!digested) return failed(...problems.filter(({ severity }) => severity === 'error'));
  const services = child(digested.written, 'services');
  const entry = entriesOf(services).find(({ key }) => key === service);
  if (!entry) {
    const names = digested.config.services.map(({ name }) => name as string);
    const message = `there is no service ${quote(service)}`;
    return failed(
      problemOf('procs.yaml', { code: 'not-found', message, hint: suggestionHint(service, names, 'services') }),
    );
  }
  const pool = entry.value.kind === 'map' ? entry.value.entries.get('pool') : undefined;
  const size = pool?.value.kind === 'map' ? pool.value.entries.get('size') : undefined;
  const { path, display } = (size ?? pool ?? entry).keyAt.source;
  return { ok: true, path, display };
}
