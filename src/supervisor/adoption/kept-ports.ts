// `.orch/ports.json`: the chosen ports (`port: auto`) from `down` to the next `up`. While a supervisor runs, its state file has
// them.
import { readStateFile, StateFile } from '../../os/state-file.ts';
import type { KernelState } from '../kernel/kernel.ts';
import { readPorts } from './previous-state.ts';

/** @returns by instance; empty where the file is missing or invalid: then all are chosen again. */
export async function readKeptPorts(path: string): Promise<Record<string, number>> {
  const read = await readStateFile(path);
  if (!('text' in read)) return {};
  try {
    return readPorts(JSON.parse(read.text));
  } catch {
    return {}; // torn
  }
}

export async function keepPorts(path: string, { ports }: Pick<KernelState, 'ports'>): Promise<void> {
  if (!ports) return;
  await new StateFile(path).save(`${JSON.stringify(ports)}\n`, 'crash').catch(() => undefined); // others are chosen then
}
