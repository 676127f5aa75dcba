// `orch up` and `orch attach` without a full-screen view: every line of output with its instance in front, between them
// what happens. The first Ctrl-C stops everything in order, the second one at once.
import { hasEndedInOrder } from '../api/orderly-end.ts';
import type { Status } from '../api/protocol.ts';
import type { CliContext, ExitCode } from './command.ts';
import { takeDown } from './down.ts';
import { createLinePrinter, type LinePrinter } from './up/line-printer.ts';
import { createOutput, type Output } from './up/output.ts';
import type { View } from './up/show.ts';
import type { Lost } from './up/successor.ts';
import { hasFailed, hasNothingLeftToDo } from './up/verdict.ts';

/** What ends the view. */
type End = 'interrupted' | 'done' | 'gone';

export async function runLineMode(context: CliContext, view: View): Promise<ExitCode | Lost> {
  const printer = createLinePrinter(context);
  const { interrupts } = view;
  const output = createOutput({ root: view.paths.root, sinceMs: view.sinceMs, onLines: printer.lines });
  const watched = watch(view, printer, output);
  const end = await Promise.race([
    (interrupts.count > 0 ? Promise.resolve() : interrupts.next()).then((): End => 'interrupted'),
    watched.done.then((): End => 'done'),
    view.client.closed.then((): End => 'gone'),
  ]);
  const failed = (): ExitCode => (hasFailed(watched.latest()) ? 1 : 0);
  let code: ExitCode | null = end === 'interrupted' && !view.owning ? 0 : failed();
  if (end === 'gone') code = sayGone(context, watched);
  else if (view.owning) code = (await stopEverything(context, view)) || code;
  const lostAtMs = await output.stop(code === null || (end === 'interrupted' && !view.owning));
  view.client.close();
  return code ?? { lostAtMs };
}

/** A Ctrl-C that comes meanwhile hurries it. */
export async function stopEverything(context: CliContext, view: View): Promise<ExitCode> {
  const { client, interrupts } = view;
  void interrupts.next().then(() => {
    context.stderr.write('killing what is left\n');
    // The first `down` gets the answer, this one only hurries it.
    client.request('down', { timeoutMs: 0 }).catch(() => undefined); // reported by the first
  });
  return takeDown(view, { ...context, json: false, stdout: context.stderr }, null);
}

/** Orderly when somebody else called `orch down`. @returns null: it is lost. */
function sayGone(context: CliContext, watched: Watched): 0 | null {
  if (!hasEndedInOrder(watched.latest(), watched.isGoingDown())) return null;
  context.stderr.write('The project was stopped.\n');
  return 0;
}

type Watched = { latest(): Status | null; isGoingDown(): boolean; done: Promise<void> };

/** Events begin after the first status, when the width of the names is known. */
function watch({ client, tasks, sinceMs }: View, printer: LinePrinter, output: Output): Watched {
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
      if (tasks !== null && hasNothingLeftToDo(status, tasks)) resolve();
    });
  });
  return { latest: () => latest, isGoingDown: () => isGoingDown, done };
}
