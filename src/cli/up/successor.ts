// Another supervisor may take over under a view: after `orch upgrade`, or after a fault of the one before. The view goes on.
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, connect } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { ViewChoices } from '../../tui/model/state.ts';

/**
 * The supervisor ended while something ran; its output is shown up to this moment (milliseconds since the epoch).
 * `choices`: of a full-screen view, for the one that goes on.
 */
export type LostSupervisor = { lostAtMs: number; choices?: ViewChoices };

const POLL_INTERVAL_MS = 50;
/** One takes over within a second, on a slow machine in two. */
const PATIENCE_MS = 3000;

/**
 * @param isLeft whether the user has left meanwhile: then nobody is looked for any more
 * @returns the connection to it, and its pid; null: nobody came.
 */
export async function findSuccessor(
  paths: ProjectPaths,
  isLeft: () => boolean,
): Promise<{ client: Client; pid: number } | null> {
  for (const startMs = performance.now(); performance.now() - startMs < PATIENCE_MS && !isLeft(); ) {
    const client = await connect(paths).catch(() => null); // not yet
    const found = client && (await client.request('hello', {}).catch(() => null)); // it leaves, too
    if (client && found) return { client, pid: found.pid };
    client?.close();
    await pause(POLL_INTERVAL_MS);
  }
  return null;
}
