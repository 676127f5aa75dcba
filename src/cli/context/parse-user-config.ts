// The file of a user's own settings → settings, or what is wrong with it.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { WireError } from '../../api/protocol.ts';

export type UserConfig = {
  /** The view asks before it stops the project, and before commands for several instances. */
  confirm: boolean;
};

const KEYS_HINT = 'the keys are: `view: { confirm: true }`';

export function parseUserConfig(file: string): UserConfig | { error: WireError } {
  const wrong = (message: string, hint = KEYS_HINT) => ({ error: { code: 'config', message, file, hint } });
  let root: unknown;
  try {
    root = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    return wrong(String((error as Error).message).split('\n')[0]!, 'correct it, or remove the file');
  }
  if (!isMap(root)) return wrong('must be a map');
  const { view = {}, ...others } = root;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return wrong(`unknown key "${unknown}"`);
  if (!isMap(view)) return wrong('`view` must be a map');
  const { confirm = true, ...otherKeys } = view;
  const [unknownInView] = Object.keys(otherKeys);
  if (unknownInView !== undefined) return wrong(`unknown key "${unknownInView}" in \`view\``);
  return typeof confirm === 'boolean' ? { confirm } : wrong('`view.confirm` must be true or false');
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
