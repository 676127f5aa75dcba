// The PORT of a program that runs outside its pool. Its own processes may use that of the first instance at the same time.
import { FreePorts } from '../os/sockets/free-ports.ts';

/**
 * @param wanted null: any
 * @param taken ports of others that may not run at present
 * @param seed of the project
 * @returns `wanted` if nothing listens on it, otherwise a free port; null: there is none
 */
export function choosePort(wanted: number | null, taken: ReadonlySet<number>, seed: string): number | null {
  const ports = new FreePorts(seed);
  if (wanted !== null && ports.isFree(wanted)) return wanted;
  return ports.choose(wanted === null ? taken : new Set([...taken, wanted]));
}
