// With which configuration the supervisor that `orch upgrade` starts begins.
import type { Client } from '../../api/client.ts';
import { heldText } from '../../api/held-edit.ts';
import type { WireError } from '../../api/protocol.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { VERSION } from '../../version.ts';

/** `isInForce`: it is the one that the running supervisor has applied; it may apply another one until it hands over. */
export type ChosenConfiguration = { accepted: AcceptedConfig; isInForce: boolean };

/**
 * What the files say, but never an edit that the running supervisor would hold, or may not have seen yet: then the next one
 * begins with what is in force, reads the files itself, and holds or applies them.
 *
 * @param version of the running supervisor
 * @param load reads the files. @returns null: `load` did, the files are bad
 */
export async function upgradedConfiguration(
  client: Pick<Client, 'request'>,
  version: string,
  load: () => Promise<AcceptedConfig | null>,
): Promise<ChosenConfiguration | WireError | null> {
  const { paused, held } = (await client.request('status', {})).config;
  // Another version may describe a configuration in another way.
  if (version !== VERSION && held) return cannotHold(held);
  if (version !== VERSION) return onDisk(await load());
  const { accepted } = await client.request('accepted', {});
  if (paused || held || accepted.config.policy) return { accepted, isInForce: true };
  const loaded = await load();
  return loaded?.config.policy ? { accepted, isInForce: true } : onDisk(loaded);
}

const onDisk = (loaded: AcceptedConfig | null): ChosenConfiguration | null =>
  loaded && { accepted: loaded, isInForce: false };

function cannotHold(held: Parameters<typeof heldText>[0] & { command: string }): WireError {
  const message = `orch ${VERSION} would apply the edit that is held: ${heldText(held)}`;
  return { code: 'held', message, hint: `\`${held.command}\` first, or undo the edit` };
}
