// A supervisor of a version that had no `run` and `exec`.
import { ClientError } from '../../api/client.ts';

/** @returns what to throw instead where the supervisor does not know the method */
export function olderSupervisor(error: unknown): unknown {
  if (!(error instanceof ClientError) || !error.message.includes('unknown method')) return error;
  const message = 'the running supervisor is of an older version, which cannot do this';
  return new ClientError({ code: 'failed', message, hint: '`orch upgrade` replaces it; services keep running' });
}
