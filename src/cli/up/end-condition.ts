// When `orch up` itself ends a project: `--exit-code-from`, and a given-up instance where it is process 1 of a container.
import type { Client } from '../../api/client.ts';
import type { InstanceStatus, Status } from '../../api/protocol.ts';
import { shellExitCode } from '../../core/shell-exit-code.ts';

export type EndCondition =
  /** The service has ended. */
  | { kind: 'ended'; service: string }
  /** An instance was given up: the container cannot do its work any more, and its platform restarts it. */
  | { kind: 'givenUp' };

/**
 * @returns the exit code to end with, once the condition holds. Rejects with a ClientError: the service cannot end, or the
 * connection is lost.
 */
export async function untilEnd(client: Client, condition: EndCondition): Promise<number> {
  if (condition.kind === 'givenUp') return await untilGivenUp(client);
  const answer = await client.request('wait', { for: 'ended', names: [condition.service], timeoutMs: null });
  return answer.exitCode ?? 0;
}

function untilGivenUp(client: Client): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = client.stream('watchStatus', { minIntervalMs: 250 }, (status) => {
      const failed = givenUpInstance(status);
      if (!failed) return;
      stream.cancel();
      resolve((failed.lastExit && shellExitCode(failed.lastExit as never)) || 1);
    });
    stream.done.catch(reject);
  });
}

function givenUpInstance({ services }: Status): InstanceStatus | undefined {
  return services.flatMap(({ instances }) => instances).find(({ state }) => state === 'failed');
}
