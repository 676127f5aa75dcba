// What a user sets for every project, in `~/.config/orch/config.yaml` (XDG_CONFIG_HOME). Only looks and manners: nothing
// that a project does may depend on it.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { WireError } from '../../api/protocol.ts';
import type { UserConfig } from './parse-user-config.ts';

const DEFAULTS: UserConfig = { confirm: true, screenReader: false, mouse: true };

/** @returns the defaults without a file; an error that names the file for a value that means nothing. */
export async function readUserConfig(
  environment: Record<string, string | undefined>,
): Promise<UserConfig | { error: WireError }> {
  const { XDG_CONFIG_HOME, HOME } = environment;
  const file = join(XDG_CONFIG_HOME || join(HOME || homedir(), '.config'), 'orch', 'config.yaml');
  if (!existsSync(file)) return DEFAULTS;
  const { parseUserConfig } = await import('./parse-user-config.ts'); // YAML takes its time to load
  return parseUserConfig(file);
}
