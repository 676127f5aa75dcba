// `up --plan TOKEN`: does the token still hold? Asked before anything is touched; the supervisor checks again when it applies.
import type { Client } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { WireError } from '../../api/protocol.ts';
import type { PlannedToken } from '../../api/protocol-plan.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { isPlanToken, movedParts, planMovedError, planToken } from '../../plan/plan-token.ts';
import { hasOrphanedState } from './supervisor-presence.ts';

/** @param isPartial the command is about some services only. @returns null: the token may be that of this command. */
export function findWrongUse(token: string, isPartial: boolean): WireError | null {
  if (!isPlanToken(token)) {
    const hint = '`orch plan` prints it in its last line, `orch plan --json` as "token"';
    return { code: 'usage', message: `"${token}" is not a token of \`orch plan\``, hint };
  }
  if (!isPartial) return null;
  const message = '`--plan` does not go with names of services, `--except` or `--profile`';
  return { code: 'usage', message, hint: 'a plan is that of a plain `orch up`' };
}

export type TokenCheck = {
  /** null: no supervisor runs. */
  client: Client | null;
  paths: ProjectPaths;
  accepted: AcceptedConfig;
  planned: PlannedToken;
};

/** @returns null: it holds. */
export async function findMoved({ client, paths, accepted, planned }: TokenCheck): Promise<WireError | null> {
  const { token, key } = planned;
  // What a killed supervisor left running is in no plan.
  if (!client && hasOrphanedState(paths)) return planMovedError(['running']);
  const now = client ? (await client.request('plan', { accepted, key })).token : planToken(key, null, accepted.config);
  if (now === undefined) return olderSupervisor;
  const moved = movedParts(token, now);
  return moved.length === 0 ? null : planMovedError(moved);
}

const olderSupervisor: WireError = {
  code: 'conflict',
  message: 'the running supervisor is of an older version, which does not know `--plan`',
  hint: '`orch upgrade` replaces it; services keep running',
};
