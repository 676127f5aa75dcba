// Writes pool sizes into the files and makes sure that the supervisor has taken them up. For `orch scale` and the TUI.
import type { Client } from '../api/client.ts';
import type { Problem } from '../core/model.ts';
import type { CliContext } from './command.ts';

export type ScaleContext = Pick<CliContext, 'file' | 'env' | 'environment'>;

/**
 * The file is the one that runs, whatever it is called. Where no environment is given it is the one that runs, too: its
 * overlay may have the last word on the size.
 * @param client null: no supervisor runs, the files alone are edited.
 * @returns what stands against it; empty when it is done. The supervisor watches the files anyway; asking it makes sure
 * that what was wanted has begun.
 */
export async function scaleInFile(
  { file, env: givenEnv, environment }: ScaleContext,
  client: Client | null,
  sizes: Record<string, number>,
): Promise<Problem[]> {
  const { editPoolSizes } = await import('../config/edit.ts');
  const env = givenEnv ?? (client && (await client.request('status', {})).env);
  const inForce = client && (await client.request('hello', {})).file;
  const edited = await editPoolSizes({ file: inForce ?? file, env, environment }, sizes);
  if (!edited.ok) return edited.problems;
  if (!client) return [];
  const { problems } = await client.request('apply', { accepted: null, only: null });
  return problems;
}
