// `orch up` and `orch attach` without a full-screen view: every line of output with its instance in front, between them
// what happens. The first Ctrl-C stops everything in order, the second one at once.

import type { InstanceState, Status } from '../../api/protocol.ts';
import { hasShutDownCleanly } from '../../api/status-queries.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { createLinePrinter, type LinePrinter } from './line-printer.ts';
import { createProjectOutput, type ProjectOutput } from './project-output.ts';
import type { ShownProject } from './show.ts';
import type { LostSupervisor } from './successor.ts';
import { takeDown } from './take-down.ts';

/** What ends the view. */
type ViewEnd = 'interrupted' | 'done' | 'gone';

export async function runLineMode(context: CliContext, view: ShownProject): Promise<ExitCode | LostSupervisor> {
  const printer = createLinePrinter(context);
  const { interrupts } = view;
  const output = createProjectOutput({ root: view.paths.root, sinceMs: view.sinceMs, onLines: printer.lines });
  const watched = watchProject(view, printer, output);
  const end = await Promise.race([
    (interrupts.count > 0 ? Promise.resolve() : interrupts.next()).then((): ViewEnd => 'interrupted'),
    watched.done.then((): ViewEnd => 'done'),
    view.client.closed.then((): ViewEnd => 'gone'),
  ]);
  const failed = (): ExitCode => (hasFailed(watched.latest()) ? 1 : 0);
  let code: ExitCode | null = end === 'interrupted' && !view.owning ? 0 : failed();
  if (end === 'gone') code = reportGone(context, watched);
  else if (view.owning) code = (await stopEverything(context, view)) || code;
  const lostAtMs = await output.stop(code === null || (end === 'interrupted' && !view.owning));
  view.client.close();
  return code ?? { lostAtMs };
}

/** A Ctrl-C that comes meanwhile hurries it. */
export async function stopEverything(context: CliContext, view: ShownProject): Promise<ExitCode> {
  const { client, interrupts } = view;
  void interrupts.next().then(() => {
    context.stderr.write('killing what is left\n');
    // The first `down` gets the answer, this one only hurries it.
    client.request('down', { timeoutMs: 0 }).catch(() => undefined); // reported by the first
  });
  return takeDown(view, { ...context, json: false, stdout: context.stderr }, null);
}

/** Orderly when somebody else called `orch down`. @returns null: it is lost. */
function reportGone(context: CliContext, watched: ProjectWatch): 0 | null {
  if (!hasShutDownCleanly(watched.latest(), watched.isGoingDown())) return null;
  context.stderr.write('The project was stopped.\n');
  return 0;
}

type ProjectWatch = { latest(): Status | null; isGoingDown(): boolean; done: Promise<void> };

/** Events begin after the first status, when the width of the names is known. */
function watchProject(
  { client, tasks, sinceMs }: ShownProject,
  printer: LinePrinter,
  output: ProjectOutput,
): ProjectWatch {
  let latest: Status | null = null;
  let isGoingDown = false;
  const followEvents = () => {
    const since = new Date(sinceMs).toISOString();
    client.stream('events', { follow: true }, (event) => {
      isGoingDown ||= event.type === 'going_down';
      if (event.time >= since) printer.event(event);
    });
  };
  const done = new Promise<void>((resolve) => {
    client.stream('watchStatus', { minIntervalMs: 100 }, (status) => {
      printer.expect(status.services.flatMap((service) => service.instances.map(({ id }) => id)));
      output.follow(status.logQueues);
      if (latest === null) followEvents();
      latest = status;
      if (tasks !== null && areTasksOver(status, tasks)) resolve();
    });
  });
  return { latest: () => latest, isGoingDown: () => isGoingDown, done };
}

// When is a project of tasks over, and did it work out? Pure.

const ENDED_STATES: InstanceState[] = ['completed', 'failed', 'stopped'];

/**
 * @param tasks the services that were asked for; all of them run to completion.
 * @returns true when every task has ended, or one has failed and what is left only waits for it; never while anything
 * else runs, such as a service that an edit has added.
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
