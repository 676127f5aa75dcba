// A package.json with its package manager, and services made from lines of its scripts.
import { posix } from 'node:path';
import type { ImportContext } from '../model/import-context.ts';
import type { ServiceDraft } from '../model/project-draft.ts';
import { nodeAt, type SourceNode, textOf } from '../source/source-node.ts';
import { literal } from '../text/variables.ts';
import type { ScriptLine } from './script-line.ts';

export type PackageScripts = {
  file: string;
  directory: string;
  root: SourceNode;
  /** `npm`, `pnpm`, `yarn` or `bun` */
  manager: string;
  context: ImportContext;
};

export function readPackage(file: string, root: SourceNode, context: ImportContext): PackageScripts {
  const directory = posix.dirname(file);
  return { file, directory, root, manager: managerOf(directory, root, context), context };
}

/** `packageManager`, or the lock file. */
export function managerOf(directory: string, root: SourceNode, { read }: Pick<ImportContext, 'read'>): string {
  const named = /^(npm|pnpm|yarn|bun)\b/.exec(textOf(nodeAt(root, 'packageManager')))?.[1];
  if (named) return named;
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn', 'bun.lock': 'bun', 'bun.lockb': 'bun' };
  return Object.entries(locks).find(([lock]) => read(posix.join(directory, lock)) !== null)?.[1] ?? 'npm';
}

export const scriptOf = ({ root }: PackageScripts, name: string): string =>
  textOf(nodeAt(root, 'scripts', name)).trim();

/** Runs a program of node_modules. */
export const binRunner = (manager: string): string =>
  ({ pnpm: 'pnpm exec', yarn: 'yarn', bun: 'bunx' })[manager] ?? 'npx';

export function setLine(service: ServiceDraft, read: ScriptLine, directory: string): void {
  service.set('command', typeof read.command === 'string' ? read.command : read.command.map(literal));
  const cwd = posix.join(directory, read.cwd ?? '.');
  if (cwd !== '.') service.set('cwd', cwd);
  const { PORT, ...others } = read.env;
  if (PORT !== undefined && /^[1-9]\d{0,4}$/.test(PORT)) service.set('port', Number(PORT));
  else if (PORT !== undefined) others.PORT = PORT;
  const env = Object.entries(others).map(([key, value]) => [key, literal(value)] as const);
  if (env.length > 0) service.set('env', Object.fromEntries(env));
  if (read.needsStdin) service.set('stdin', true);
}
