// Whether a client has read other files than those that are there now.
import { dirname } from 'node:path';
import { resolveLinks } from '../../api/paths.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { hasChanged } from './config-follower.ts';

/** @param file procs.yaml, absolute, as it was given: a link in its path may have been switched */
export async function isOutdated({ config, watched }: AcceptedConfig, file: string): Promise<boolean> {
  return resolveLinks(dirname(file)) !== config.root || (await hasChanged(watched));
}
