// The API's methods about generations: which there were, and back to one of them.
import type { AcceptedConfig } from '../../core/load-result.ts';
import { isSameConfig } from '../../core/same-config.ts';
import type { MethodTable } from './api-server.ts';
import { checkActing } from './edit-methods.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';

const HISTORY_HINT = '`orch history` lists them';

export function createRollbackMethods(supervisor: Supervised): Pick<MethodTable, 'history' | 'rollback'> {
  const { kernel, edits, generations } = supervisor;
  return {
    history: () => ({ current: kernel.generation, generations: [...generations.records] }),
    rollback: async ({ to: given }) => {
      checkActing(supervisor);
      const to = given ?? generations.before(edits.state.rollback?.to ?? kernel.generation);
      if (to === null)
        throw new RequestError({ code: 'failed', message: 'no earlier generation is known', hint: HISTORY_HINT });
      const accepted = await findGeneration(supervisor, to);
      const isInForce = isSameConfig(accepted.config, kernel.accepted!.config);
      if (!isInForce) await edits.rollBack(to, accepted);
      const { held } = edits;
      return { generation: kernel.generation, to, changed: !isInForce, ...(held && { held }) };
    },
  };
}

/** From memory, else from its commit. */
async function findGeneration({ kernel, edits, generations }: Supervised, to: number): Promise<AcceptedConfig> {
  const found = generations.find(to);
  if (!found)
    throw new RequestError({
      code: 'not-found',
      message: `generation ${to} is not in the history`,
      hint: HISTORY_HINT,
    });
  const { env } = kernel.accepted!.config;
  if (found.record.env !== env) throw otherEnvironment(to, found.record.env, env);
  if (found.accepted) return found.accepted;
  const { commit } = found.record;
  if (commit === null) throw forgotten(to);
  const loaded = await edits.loadCommit(commit);
  if (loaded.ok) return loaded.accepted;
  const [first] = loaded.problems;
  const message = `generation ${to} cannot be read from commit ${commit.slice(0, 10)}: ${first?.message ?? 'no reason given'}`;
  throw new RequestError({ code: 'failed', message });
}

function forgotten(to: number): RequestError {
  const message = `the configuration of generation ${to} is not known any more: it was not committed, and is kept in memory only`;
  return new RequestError({
    code: 'failed',
    message,
    hint: 'generations with a commit in `orch history` are read from git',
  });
}

function otherEnvironment(to: number, of: string | null, now: string | null): RequestError {
  const message = `generation ${to} is of the environment ${of ?? 'none'}, in force is ${now ?? 'none'}`;
  return new RequestError({ code: 'conflict', message, hint: '`orch up --switch` changes the environment' });
}
