// `orch up` and `orch attach` without a full-screen view: every line of output with its instance in front, events between
// them. The first Ctrl-C stops everything in order, the second one kills.
import { type Client, ClientError } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { InstanceState, Status } from '../../api/protocol.ts';
import { hasShutDownCleanly } from '../../api/status-queries.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { type EndCondition, untilEnd } from './end-condition.ts';
import { readProjectEnd } from './ended-project.ts';
import { LinePrinter } from './line-printer.ts';
import { ProjectOutput } from './project-output.ts';
import type { LostSupervisor, ShownProject } from './shown-project.ts';
import { hasOrphanedState } from './supervisor-presence.ts';
import { takeDown } from './take-down.ts';

/** What ends the view. */
type ViewEnd = 'interrupted' | 'detached' | 'done' | 'gone' | { exitCode: number };

/** What is typed meanwhile; see `runSpokenMode`. */
export type TypedCommands = {
  /** Resolves when the user leaves; `interrupted`: as by Ctrl-C. */
  left: Promise<'interrupted' | 'detached'>;
  onStatus(status: Status): void;
  /** Takes what is printed in the place of the usual lines. */
  printer: LinePrinter;
};

export async function runLineMode(
  context: CliContext,
  view: ShownProject,
  typed: TypedCommands | null = null,
): Promise<ExitCode | LostSupervisor> {
  const { client, paths, interrupts, owning, tasks, endCondition, sinceMs } = view;
  const watch = new ProjectWatch(context, view, typed);
  const end = await Promise.race([
    (interrupts.count > 0 ? Promise.resolve() : interrupts.next()).then((): ViewEnd => 'interrupted'),
    watch.untilTasksOver(client, tasks).then((): ViewEnd => 'done'),
    client.closed.then((): ViewEnd => 'gone'),
    ...(typed ? [typed.left] : []),
    ...(endCondition ? [reportEnd(context, client, endCondition)] : []),
  ]);
  const isLeaving = end === 'detached' || (end === 'interrupted' && !owning);
  let code: ExitCode | null = !isLeaving && hasFailed(watch.status) ? 1 : 0;
  if (end === 'gone') code = reportGone(context, watch);
  else if (owning && end !== 'detached')
    code = (await stopEverything(context, view)) || (hasFailed(watch.status) ? 1 : 0);
  if (typeof end === 'object') code = end.exitCode;
  else if (!isLeaving) code = readProjectEnd(paths, sinceMs)?.exitCode ?? code;
  const lostAtMs = await watch.output.stop(code === null || isLeaving);
  client.close();
  return code ?? { lostAtMs };
}

/** A service that cannot end is reported: that is a failure. */
async function reportEnd(context: CliContext, client: Client, condition: EndCondition): Promise<ViewEnd> {
  try {
    return { exitCode: await untilEnd(client, condition) };
  } catch (error) {
    // The connection is lost: the view notices that itself.
    if (!(error instanceof ClientError) || error.wire.code === 'lost') return new Promise(() => undefined);
    return { exitCode: fail({ ...context, json: false }, error.wire) };
  }
}

/** A second Ctrl-C kills what is left. */
export async function stopEverything(context: CliContext, view: ShownProject): Promise<ExitCode> {
  const { client, interrupts } = view;
  void interrupts.next().then(() => {
    context.stderr.write('killing what is left\n');
    // The first `down` gets the answer, this one only speeds it up.
    client.request('down', { timeoutMs: 0 }).catch(() => undefined); // reported by the first
  });
  return takeDown(view, { ...context, json: false, stdout: context.stderr }, null);
}

/** An orderly end if another client ran `orch down`. @returns null: the supervisor is lost. */
function reportGone(context: CliContext, watch: ProjectWatch): 0 | null {
  // The last status may be 100 ms old. One that went down in order leaves no state and no process behind.
  const isClean =
    hasShutDownCleanly(watch.status, watch.isGoingDown) || (watch.isGoingDown && !hasOrphanedState(watch.paths));
  if (!isClean) return null;
  context.stderr.write('The project was stopped.\n');
  return 0;
}

/** Prints output and events, and keeps the latest status. */
class ProjectWatch {
  status: Status | null = null;
  isGoingDown = false;
  readonly output: ProjectOutput;
  readonly paths: ProjectPaths;
  readonly #printer: LinePrinter;
  readonly #sinceMs: number;

  readonly #typed: TypedCommands | null;

  constructor(context: CliContext, { paths, sinceMs }: ShownProject, typed: TypedCommands | null) {
    this.#printer = typed?.printer ?? new LinePrinter(context);
    this.#typed = typed;
    this.#sinceMs = sinceMs;
    this.paths = paths;
    this.output = new ProjectOutput({
      root: paths.root,
      sinceMs,
      onLines: (lines, unfinished) => this.#printer.lines(lines, unfinished),
      socket: context.json || typed ? null : paths.logSocket, // what changes on its line cannot be read aloud
      onUnfinished: (lines) => this.#printer.unfinished(lines),
    });
  }

  /** Starts to watch. Events begin after the first status: the width of the names is then known. */
  untilTasksOver(client: Client, tasks: string[] | null): Promise<void> {
    return new Promise((resolve) => {
      client.stream('watchStatus', { minIntervalMs: 100 }, (status) => {
        this.#printer.expect(status.services.flatMap((service) => service.instances.map(({ id }) => id)));
        this.output.follow(status.logQueues);
        if (this.status === null) this.#followEvents(client);
        this.status = status;
        this.#typed?.onStatus(status);
        if (tasks !== null && areTasksOver(status, tasks)) resolve();
      });
    });
  }

  #followEvents(client: Client): void {
    const since = new Date(this.#sinceMs).toISOString();
    client.stream('events', { follow: true }, (event) => {
      this.isGoingDown ||= event.type === 'going_down';
      if (event.time >= since) this.#printer.event(event);
    });
  }
}

const ENDED_STATES: InstanceState[] = ['completed', 'failed', 'stopped'];

/**
 * Pure.
 * @param tasks the requested services; all of them run to completion.
 * @returns true when every task has ended, or one has failed and the rest only waits for it; false while anything else runs,
 * such as a service that an edit has added.
 */
export function areTasksOver(status: Status, tasks: string[]): boolean {
  const instances = status.services.flatMap((service) => service.instances);
  const wanted = status.services.filter(({ name }) => tasks.includes(name)).flatMap((service) => service.instances);
  if (wanted.length === 0 || instances.some(({ pid }) => pid !== null)) return false;
  const isStuck = hasFailed(status);
  return instances.every(({ state }) => ENDED_STATES.includes(state) || (isStuck && state === 'waiting'));
}

function hasFailed(status: Status | null): boolean {
  return status?.services.some((service) => service.instances.some(({ state }) => state === 'failed')) ?? false;
}
