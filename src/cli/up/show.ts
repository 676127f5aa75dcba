// Shows a running project until its user leaves or it ends: the full-screen view in a terminal, prefixed lines elsewhere.
// If the supervisor is lost, the view continues with the next one.
import type { ProjectPaths } from '../../api/paths.ts';
import { scaleInFile, toWireError } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { untilEnd } from './end-condition.ts';
import { readProjectEnd, reportEnded } from './ended-project.ts';
import { runLineMode, stopEverything } from './line-mode.ts';
import type { LostSupervisor, ShownProject } from './shown-project.ts';
import { findSuccessor, hasOrphanedState, untilGone } from './supervisor-presence.ts';
import { takeDownOrphans } from './take-down.ts';

export async function showProject(context: CliContext, first: ShownProject): Promise<ExitCode> {
  for (let view = first; ; ) {
    const hello = await view.client.request('hello', {}).catch(() => null); // already lost: the view notices it
    const end = await showOnce(context, view, hello?.pid ?? null);
    if (typeof end === 'number') return end;
    const ended = hasOrphanedState(view.paths) ? null : readProjectEnd(view.paths, first.sinceMs);
    if (ended) return reportEnded(context, ended);
    view.interrupts.resume();
    const next = await findSuccessor(view.paths, () => !view.owning && view.interrupts.count > 0);
    if (!next && view.interrupts.count > 0) return view.owning ? stopOrphans(context, view.paths) : 0;
    if (!next) return fail(context, supervisorLostError);
    const notice = next.pid === hello?.pid ? RECONNECTED : `another supervisor has taken over (pid ${next.pid})`;
    if (!end.choices) context.stderr.write(`${notice}\n`);
    if (view.owning) await next.client.request('own', {});
    const resumed = end.choices ? { choices: end.choices, notice } : null;
    view = { ...view, client: next.client, sinceMs: end.lostAtMs + 1, resumed };
  }
}

/** The supervisor drops a client that does not read, such as a view that was suspended for long. */
const RECONNECTED = 'the connection to the supervisor was lost and has been restored';

/** @param pid of the supervisor; null: already lost */
async function showOnce(
  context: CliContext,
  view: ShownProject,
  pid: number | null,
): Promise<ExitCode | LostSupervisor> {
  if (!view.wantsTui || !canShowTui(context)) return runLineMode(context, view);
  const { runTui } = await import('../../tui/main.tsx'); // takes long; interrupts are counted meanwhile
  if (view.interrupts.count > 0) return view.owning ? stopEverything(context, view) : 0;
  return showTui(context, view, { runTui, pid });
}

function canShowTui({ stdout, json, environment }: CliContext): boolean {
  return !json && stdout.isTTY === true && process.stdin.isTTY === true && environment.TERM !== 'dumb';
}

type TuiStart = { runTui: typeof import('../../tui/main.tsx').runTui; pid: number | null };

async function showTui(
  context: CliContext,
  view: ShownProject,
  { runTui, pid }: TuiStart,
): Promise<ExitCode | LostSupervisor> {
  const { client, paths, owning, resumed = null } = view;
  const { colour } = context;
  const { stdout, stdin } = process;
  const scale = async (service: string, size: number) => {
    const { problems, held } = await scaleInFile(context, client, { [service]: size });
    const [problem] = problems;
    return problem ? { ok: false as const, error: toWireError(problem) } : { ok: true as const, held };
  };
  const shown = runTui({ client, paths, owning, colour, stdout, stdin, scaleInFile: scale, resumed });
  // The view listens now: Ctrl-C is a key, and it handles signals. Nothing may be awaited between the two.
  view.interrupts.pause();
  const endedBy = stopWhenMet(view);
  const { outcome, choices } = await shown;
  client.close();
  switch (outcome) {
    case 'detached':
      context.stdout.write('The project keeps running: `orch attach` shows it again, `orch down` stops it.\n');
      return 0;
    case 'lost':
      return { lostAtMs: Date.now(), choices };
    case 'down':
    case 'leftovers':
      if (pid !== null) await untilGone(pid);
      return endedBy.exitCode ?? readProjectEnd(paths, view.sinceMs)?.exitCode ?? (outcome === 'down' ? 0 : 1);
    case 'quit':
      return 0;
  }
}

/** The view shows how everything stops. @returns an object that gets the exit code once the condition holds. */
function stopWhenMet({ client, endCondition }: ShownProject): { exitCode: number | null } {
  const result: { exitCode: number | null } = { exitCode: null };
  if (!endCondition) return result;
  const stop = async () => {
    result.exitCode = await untilEnd(client, endCondition);
    await client.request('down', { timeoutMs: null });
  };
  stop().catch(() => undefined); // the view notices that the connection is lost
  return result;
}

/** Its report goes to stderr: stdout belongs to the view. */
const stopOrphans = (context: CliContext, paths: ProjectPaths): Promise<ExitCode> =>
  takeDownOrphans({ ...context, json: false, stdout: context.stderr }, paths, null);

const supervisorLostError = {
  code: 'failed',
  message: 'the supervisor has exited unexpectedly; its services may still run',
  hint: 'run `orch up`: it adopts what still fits and stops the rest',
};
