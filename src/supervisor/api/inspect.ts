// What only the supervisor knows of an instance beyond its status: the processes of its tree, and the last attempts
// of its probes. Measures when asked.
import type { InspectedInstance, ProcessInTree } from '../../api/protocol-inspect.ts';
import type { Incarnation, Slot } from '../../core/slot.ts';
import type { InstanceId } from '../../core/spec.ts';
import type { TreeMember } from '../../os/tree/process-scan.ts';
import { type DescribedProcess, describeProcesses, inTreeOrder } from '../../os/tree/process-tree.ts';
import { sweepByNonce } from '../../os/tree/sweep.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { resolveInstances } from './instance-names.ts';
import { shownCommandLine } from './shown-command-line.ts';
import type { Supervised } from './supervised.ts';

/** Long enough that 3 % of a core show: CPU time counts in steps of 10 ms. */
const MEASURE_MS = 300;
/** Of one instance, and of all together: an answer is one frame. */
const MAX_PROCESSES = 100;
const MAX_PROCESSES_OF_ALL = 2_000;

/** @param name of a service or an instance. @throws RequestError where there is none */
export async function inspectInstances(
  { kernel, probesOf }: Pick<Supervised, 'kernel' | 'probesOf'>,
  name: string,
): Promise<InspectedInstance[]> {
  const ids = resolveInstances(kernel, [name]);
  const leaders = new Map(ids.flatMap((id) => leaderOf(kernel, id)));
  const incarnations = new Map([...leaders.values()].map((leader) => [leader.nonce, leader]));
  const trees = incarnations.size === 0 ? new Map() : await sweepByNonce([...incarnations.keys()], incarnations);
  const members = ids.map((id): TreeMember[] => trees.get(leaders.get(id)?.nonce) ?? []);
  let room = MAX_PROCESSES_OF_ALL;
  const chosen = members.map((all) => {
    const some = all.slice(0, Math.min(MAX_PROCESSES, room));
    room -= some.length;
    return some;
  });
  const described = await describeProcesses(chosen.flat(), MEASURE_MS);
  return ids.map((id, at) => {
    const own = chosen[at]!.flatMap(({ pid }) => described.get(pid) ?? []);
    const secretNames = secretNamesOf(kernel, id);
    return {
      id,
      processes: inTreeOrder(own).map(({ process, parent }) => processInTree(process, parent, secretNames)),
      moreProcesses: members[at]!.length - chosen[at]!.length,
      probes: probesOf(id),
    };
  });
}

function leaderOf({ slots }: Kernel, id: InstanceId): [InstanceId, Incarnation][] {
  const phase = slots.get(id)?.phase;
  return phase && 'process' in phase ? [[id, phase.process]] : [];
}

/** Variables that are declared as secrets. */
function secretNamesOf(kernel: Kernel, id: InstanceId): string[] {
  const slot: Slot | undefined = kernel.slots.get(id);
  const env = (slot && kernel.specOf(slot))?.env ?? {};
  return Object.entries(env).flatMap(([name, value]) => (typeof value === 'string' ? [] : [name]));
}

function processInTree(process: DescribedProcess, parent: number | null, secretNames: string[]): ProcessInTree {
  const { pid, words, cpuPercent, rssBytes, ageMs } = process;
  return { pid, parent, command: shownCommandLine(pid, words, secretNames), cpuPercent, rssBytes, ageMs };
}
