// `orch reload`: live instances read their own configuration again, as `reload` of their service says.
import type { MethodResult } from '../../api/protocol.ts';
import { serviceOf } from '../../core/spec.ts';
import { resolveInstances } from './instance-names.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';

/**
 * @param name of a service or an instance
 * @throws RequestError where its service has no `reload`, or no instance is alive
 */
export async function reloadInstances(supervisor: Supervised, name: string): Promise<MethodResult<'reload'>> {
  const { kernel } = supervisor;
  const ids = resolveInstances(kernel, [name]);
  const service = ids[0] ? serviceOf(ids[0]) : name;
  if (!kernel.desired.services.get(service as never)?.reload) {
    const hint = `add for example \`reload: { signal: SIGHUP }\`, or use \`orch restart ${name}\``;
    throw new RequestError({ code: 'usage', message: `${service} has no \`reload\``, hint });
  }
  const live = ids.filter((id) => kernel.slots.get(id)?.phase.kind === 'alive');
  if (live.length === 0)
    throw new RequestError({
      code: 'failed',
      message: `${name} is not running`,
      hint: `\`orch why ${name}\` says why`,
    });
  const instances = await Promise.all(
    live.map(async (id) => {
      const outcome = await supervisor.reloadProgram(id);
      return outcome.ok ? { id, how: outcome.how, error: null } : { id, how: null, error: outcome.because };
    }),
  );
  return { instances };
}
