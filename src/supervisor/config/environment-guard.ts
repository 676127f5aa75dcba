// The name of the environment changes only with consent: which error an `up` without it gets.
import type { WireError } from '../../api/protocol.ts';

type Name = string | null;

/**
 * @param inForce null: none; undefined: not known, so that nothing can be said
 * @returns null: the name stays.
 */
export function findEnvironmentConflict(inForce: Name | undefined, wanted: Name): WireError | null {
  if (inForce === undefined || inForce === wanted) return null;
  const message = `environment ${inForce ?? 'none'} → ${wanted ?? 'none'}: \`up\` does not change it without consent`;
  const keep = inForce === null ? 'leave out `-e` and ORCH_ENV to keep it' : `\`-e ${inForce}\` keeps it`;
  return { code: 'environment-differs', message, hint: `${keep}, \`up --switch\` changes it` };
}
