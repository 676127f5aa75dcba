// `up --follow`: which ref, checked before anything is started.
import type { WireError } from '../../api/protocol.ts';
import type { FollowedRef } from '../../core/follow.ts';
import { formatSpan } from '../../units.ts';

export type FollowUpOptions = { follow?: string; fetchEvery?: number; followTimeout?: number };

const DEFAULT_TIMEOUT_MS = 10 * 60_000;
const SHORTEST_FETCH_MS = 1_000;

/** @returns null: no ref is to be followed */
export async function findFollowRequest(
  file: string,
  options: FollowUpOptions,
): Promise<FollowedRef | WireError | null> {
  const { follow: text, fetchEvery, followTimeout } = options;
  if (text === undefined) return findLoneOption(options);
  if (fetchEvery !== undefined && fetchEvery < SHORTEST_FETCH_MS) {
    const message = `\`--fetch-every ${formatSpan(fetchEvery)}\` is too often`;
    return { code: 'usage', message, hint: `at least ${formatSpan(SHORTEST_FETCH_MS)}` };
  }
  const { findFollowedRef } = await import('../../config/files/followed-ref.ts');
  const timeoutMs = followTimeout ?? DEFAULT_TIMEOUT_MS;
  return await findFollowedRef({ file, text, fetchEveryMs: fetchEvery ?? null, timeoutMs });
}

function findLoneOption({ fetchEvery, followTimeout }: FollowUpOptions): WireError | null {
  const lone = fetchEvery !== undefined ? '--fetch-every' : followTimeout !== undefined ? '--follow-timeout' : null;
  if (lone === null) return null;
  return { code: 'usage', message: `\`${lone}\` needs \`--follow\``, hint: 'for example `--follow origin/main`' };
}

export const isFollowError = (found: FollowedRef | WireError | null): found is WireError =>
  found !== null && 'code' in found;
