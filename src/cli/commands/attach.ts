// `orch attach`: the view of a running project, or the input of one instance; leaving it stops nothing.
import { connect } from '../../api/client.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { failRequest, findPaths, noSupervisorError } from '../context/running-project.ts';
import { listenForInterrupts } from '../up/interrupts.ts';
import { showProject } from '../up/show.ts';

export async function runAttach(context: CliContext, options: { tui?: boolean }, name?: string): Promise<ExitCode> {
  if (name !== undefined) return (await import('./attach-input.ts')).attachInput(context, name);
  const interrupts = listenForInterrupts();
  try {
    const paths = findPaths(context);
    const client = paths && (await connect(paths));
    if (!paths || !client) return fail(context, noSupervisorError(context));
    const view = {
      client,
      paths,
      owning: false,
      wantsTui: options.tui !== false,
      tasks: null,
      sinceMs: Date.now(),
      interrupts,
    };
    return await showProject(context, view);
  } catch (error) {
    return failRequest(context, error);
  } finally {
    interrupts.stop();
  }
}
