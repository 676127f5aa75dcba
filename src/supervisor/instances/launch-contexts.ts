// What the commands of an instance need, from the state of the supervisor: looked up at each start.
import { portIn } from '../../core/ports.ts';
import { variableOf } from '../../os/process/shown-by-proc.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SupervisorContext } from '../kernel/supervisor-context.ts';
import type { AppliedVariables } from './applied-variables.ts';

/** @returns the function that looks up what the commands of an instance need. */
export function launchContexts(kernel: Kernel, variables: AppliedVariables): SupervisorContext['launchContext'] {
  return (id) => {
    const { project, env, root } = kernel.accepted!.config;
    const portOf = (name: string) => portIn(kernel.slots.get(id), id, name, kernel.desired);
    const ownVariable = (name: string) => {
      const phase = kernel.slots.get(id)?.phase;
      return phase && 'process' in phase ? variableOf(phase.process.pid, name) : undefined;
    };
    return { project, env, root, inherited: variables.inherited, portOf, ownVariable };
  };
}
