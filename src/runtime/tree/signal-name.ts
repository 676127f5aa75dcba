// From the number of a signal, as the system tells it, to its name.
import { constants } from 'node:os';

/** The first name counts where there are two, as Node has it: SIGABRT, not SIGIOT. Null for those without one. */
export function signalName(number: number): NodeJS.Signals | null {
  const named = Object.entries(constants.signals).find(([, value]) => value === number);
  return (named?.[0] as NodeJS.Signals | undefined) ?? null;
}
