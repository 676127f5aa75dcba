// `orch stop`: waits until nothing of what was named is left, and says why not where that does not come about.
import type { WireError } from '../../api/protocol.ts';
import type { InstanceId } from '../../core/model.ts';
import { isOccupied } from '../../core/transition.ts';
import type { Leftover } from '../succession/strays.ts';
import type { Supervisor } from '../supervisor.ts';
import { RequestError } from './server.ts';
import { leftoverOf, untilStopped } from './until.ts';

/** More names than this say no more. */
const MAX_NAMED = 5;

/**
 * Who is wanted again meanwhile is not waited for: it never shows up as gone, since the next start follows in the same turn.
 *
 * @param ids held stopped by now
 * @param timeoutMs null: as long as it takes
 * @throws RequestError `failed` for who outlives SIGKILL or was started again, `timeout`
 */
export async function awaitStopped(
  supervisor: Supervisor,
  ids: readonly InstanceId[],
  timeoutMs: number | null,
  signal: AbortSignal,
): Promise<void> {
  const { kernel } = supervisor;
  const meant = new Set(ids);
  const isWanted = (id: InstanceId): boolean => kernel.desired.wishes.get(id)?.run === true;
  const isLeft = (id: InstanceId): boolean => meant.has(id) && !isWanted(id);
  const stuck = await withPatience(timeoutMs, signal, (patience) => untilStopped(supervisor, isLeft, patience));
  if (stuck.length > 0) throw new RequestError(notEnded(stuck.map(leftoverOf)));
  const late = ids.filter((id) => isLeft(id) && isLiving(supervisor, id));
  if (late.length > 0) {
    const hint = '`orch why` tells what holds it up; it is still being stopped';
    throw new RequestError({ code: 'timeout', message: `not stopped in time: ${listOf(late)}`, hint });
  }
  const again = ids.filter(isWanted);
  if (again.length > 0) {
    const verb = again.length === 1 ? 'was' : 'were';
    throw new RequestError({ code: 'failed', message: `${listOf(again)} ${verb} started again meanwhile` });
  }
}

const isLiving = ({ kernel }: Supervisor, id: InstanceId): boolean => {
  const slot = kernel.slots.get(id);
  return slot !== undefined && isOccupied(slot);
};

/** The signal that `wait` gets ends with the caller's, or when the time is over. */
async function withPatience<T>(
  timeoutMs: number | null,
  signal: AbortSignal,
  wait: (patience: AbortSignal) => Promise<T>,
): Promise<T> {
  if (timeoutMs === null) return await wait(signal);
  const controller = new AbortController();
  const end = (): void => controller.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end);
  try {
    return await wait(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function notEnded(leftovers: readonly Leftover[]): WireError {
  const named = leftovers.map(({ pid, instance }) => `${instance} (pid ${pid})`).join(', ');
  const hint =
    "SIGKILL did not end it: it sleeps uninterruptibly, or is another user's; `orch why` shows when it is gone";
  return { code: 'failed', message: `still alive: ${named}`, hint };
}

function listOf(ids: readonly InstanceId[]): string {
  const named = ids.slice(0, MAX_NAMED).join(', ');
  return ids.length > MAX_NAMED ? `${named} and ${ids.length - MAX_NAMED} more` : named;
}
