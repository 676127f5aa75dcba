// Commands about edits that wait, as their owner types them: pause, resume, apply; and what an upgrade does meanwhile.
import type { Client } from '../../src/api/client.ts';
import type { MethodResult } from '../../src/api/protocol.ts';
import { type ChosenConfiguration, upgradedConfiguration } from '../../src/cli/up/upgraded-configuration.ts';
import type { EditPolicy } from '../../src/core/edit-policy.ts';
import type { AcceptedConfig } from '../../src/core/load-result.ts';
import { VERSION } from '../../src/version.ts';
import type { HoldOracle } from './hold-oracle.ts';
import type { Methods } from './machine/guest.ts';
import { type Shell, shellOf } from './shell.ts';
import type { WatchOracle } from './watch-oracle.ts';

export const MANUAL: EditPolicy = { apply: 'manual', requireClean: false, stopMoreThanPercent: null };

/** A project, as these commands see it. */
type Owner = {
  readonly oracle: { readonly holds: HoldOracle; readonly watches: WatchOracle };
  call<M extends keyof Methods>(method: M, params: Parameters<Methods[M]>[0]): Promise<unknown> | null;
  load(shell: Shell): AcceptedConfig | null;
};

export function pause(project: Owner): void {
  const onPaused = project.oracle.holds.onPause();
  const answer = project.call('pause', {});
  if (!answer) return;
  project.oracle.watches.onPause();
  void answer.then((result) => {
    if (!(result instanceof Error)) onPaused();
  });
}

export function resume(project: Owner): void {
  project.oracle.holds.onResume();
  // Where no supervisor answers, edits stay paused.
  if (project.call('resume', {})) project.oracle.watches.onResume();
}

export function applyHeld(project: Owner): void {
  void project.call('heldEdit', {})?.then((answer) => {
    const { held } = answer instanceof Error ? {} : (answer as MethodResult<'heldEdit'>);
    if (!held) return;
    project.oracle.holds.onConsent();
    void project.call('applyHeld', { since: held.since });
  });
}

/** As `orch upgrade` finds it. @returns null: no supervisor answers, or the file is bad */
export async function configurationOfUpgrade(
  project: Owner,
): Promise<(ChosenConfiguration & { variables: Record<string, string> }) | null> {
  const client = clientOf(project);
  try {
    const { env, variables } = await client.request('environment', {});
    const load = async () => project.load(shellOf(variables, env));
    const chosen = await upgradedConfiguration(client, VERSION, load);
    return chosen && !('code' in chosen) ? { ...chosen, variables } : null;
  } catch {
    return null; // refused, or no supervisor answers
  }
}

function clientOf(project: Owner): Pick<Client, 'request'> {
  return {
    request: async (method, params) => {
      const answer = await (project.call.bind(project) as CallAny)(method, params);
      if (answer === null || answer instanceof Error) throw answer ?? new Error('no supervisor answers');
      return answer as never;
    },
  };
}

type CallAny = (method: string, params: unknown) => Promise<unknown> | null;
