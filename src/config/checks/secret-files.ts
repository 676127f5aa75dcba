// Files of secrets that more people can read than the one who runs orch.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Problem } from '../../core/model.ts';
import { literalOf } from '../normalize/normalizing.ts';
import { quote, warningAt } from '../problem.ts';
import { child, entriesOf, type Tree } from '../tree/tree.ts';

const ANYBODY_ELSE = 0o077;

/**
 * A file that is not there yet is no mistake: it may be made by the time that something starts.
 * @param root directory of the project, absolute
 */
export function checkSecretFiles(tree: Tree, root: string): Problem[] {
  return secretPlaces(tree).flatMap((place) => checkFile(place, root));
}

/** Where files of secrets are named, of the project and of every service, each once. */
export function secretPlaces(tree: Tree): Tree[] {
  const envs = [child(tree, 'env'), ...entriesOf(child(tree, 'services')).map(({ value }) => child(value, 'env'))];
  const places = envs.flatMap((env) => entriesOf(env).map(({ value }) => child(value, 'secret')));
  return [...new Set(places)].filter((place) => place !== undefined);
}

/** A path that differs by instance is no literal and is not looked at. */
function checkFile(place: Tree, root: string): Problem[] {
  const named = literalOf(place);
  const mode = named === null ? null : modeOf(resolve(root, named));
  if (named === null || mode === null || (mode & ANYBODY_ELSE) === 0) return [];
  const message = `the secret file ${quote(named)} is open to other users (mode ${mode.toString(8).padStart(3, '0')})`;
  return [warningAt(place.at, { code: 'open-secret', message, hint: `chmod 600 ${named}` })];
}

/** @returns null: not there, or a system without such modes. */
function modeOf(path: string): number | null {
  if (process.platform === 'win32') return null;
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return null; // missing or out of reach: the start will say so
  }
}
