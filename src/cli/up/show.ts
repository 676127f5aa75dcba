// Shows a running project until its user leaves or it ends: the full-screen view in a terminal, prefixed lines elsewhere.
// If the supervisor is lost, the view continues with the next one.
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { NextSupervisor, TuiOptions } from '../../tui/tui-options.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { readUserConfig } from '../context/user-config.ts';
import { untilEnd } from './end-condition.ts';
import { readProjectEnd, reportEnded } from './ended-project.ts';
import { runLineMode, stopEverything } from './line-mode.ts';
import type { LostSupervisor, ShownProject } from './shown-project.ts';
import { runSpokenMode } from './spoken-mode.ts';
import { findSuccessor, hasOrphanedState, untilGone } from './supervisor-presence.ts';
import { takeDownOrphans } from './take-down.ts';
import { viewHelpers } from './view-helpers.ts';

export async function showProject(context: CliContext, first: ShownProject): Promise<ExitCode> {
  for (let view = first; ; ) {
    const answer = pidOf(view.client); // comes while the view is loaded
    const end = await showOnce(context, view, answer);
    if (typeof end === 'number') return end;
    const ended = hasOrphanedState(view.paths) ? null : readProjectEnd(view.paths, first.sinceMs);
    if (ended) return reportEnded(context, ended);
    view.interrupts.resume();
    const next = await findSuccessor(view.paths, () => !view.owning && view.interrupts.count > 0);
    if (!next && view.interrupts.count > 0) return view.owning ? stopOrphans(context, view.paths) : 0;
    if (!next) return fail(context, supervisorLostError);
    context.stderr.write(`${noticeOf(next.pid, await answer)}\n`);
    if (view.owning) await next.client.request('own', {});
    view = { ...view, client: next.client, sinceMs: end.lostAtMs + 1 };
  }
}

/** @returns null without an answer: the view notices that */
async function pidOf(client: Client): Promise<number | null> {
  const hello = await client.request('hello', {}).catch(() => null); // already lost
  return hello?.pid ?? null;
}

/** The supervisor drops a client that does not read, such as a view that was suspended for long. */
const noticeOf = (pid: number, before: number | null): string =>
  pid === before
    ? 'the connection to the supervisor was lost and has been restored'
    : `another supervisor has taken over (pid ${pid})`;

type ViewMeans = Pick<ShownProject, 'wantsTui' | 'screenReader'>;

/** Starts to load the full-screen view if it may be shown: that takes a while, and a supervisor may start meanwhile. */
export function loadView(context: CliContext, means: ViewMeans): void {
  if (means.screenReader || !maySeeView(context, means) || context.environment.TERM === 'dumb') return;
  const loaded = import('../../tui/main.tsx').then(({ warmUp }) => warmUp());
  loaded.catch(() => undefined); // `showProject` loads it as well, and reports it
}

const maySeeView = ({ json, stdout }: CliContext, { wantsTui }: ViewMeans): boolean =>
  wantsTui && !json && stdout.isTTY === true && process.stdin.isTTY === true;

/** @param answer the pid of the supervisor; null: already lost */
async function showOnce(
  context: CliContext,
  view: ShownProject,
  answer: Promise<number | null>,
): Promise<ExitCode | LostSupervisor> {
  if (view.screenReader !== true && !maySeeView(context, view)) return runLineMode(context, view);
  const user = await readUserConfig(context.environment);
  if ('error' in user) return fail(context, user.error);
  const asksFirst = user.confirm && !view.asksNothing;
  if (view.screenReader || user.screenReader) return runSpokenMode(context, view, asksFirst);
  if (context.environment.TERM === 'dumb') return runLineMode(context, view);
  const { runTui } = await import('../../tui/main.tsx'); // takes long; interrupts are counted meanwhile
  if (view.interrupts.count > 0) return view.owning ? stopEverything(context, view) : 0;
  const { theme, bindings, mouse } = user;
  return showTui(context, view, { runTui, pid: answer, looks: { theme, bindings, mouse }, asksFirst });
}

type TuiStart = {
  runTui: typeof import('../../tui/main.tsx').runTui;
  pid: Promise<number | null>;
  looks: Pick<TuiOptions, 'theme' | 'bindings' | 'mouse'>;
  asksFirst: boolean;
};

async function showTui(
  context: CliContext,
  view: ShownProject,
  { runTui, looks, asksFirst, ...start }: TuiStart,
): Promise<ExitCode> {
  const { paths, owning, sinceMs } = view;
  const { colour } = context;
  const { stdout, stdin } = process;
  let { client } = view;
  let { pid } = start;
  const endedBy: EndedBy = { exitCode: null };
  /** As long as it takes: the view says that it waits, and its user may leave. */
  const findNext = async (hasLeft: () => boolean): Promise<NextSupervisor | null> => {
    while (!hasLeft()) {
      if (!hasOrphanedState(paths) && readProjectEnd(paths, sinceMs)) return null;
      const next = await findSuccessor(paths, hasLeft);
      if (!next) continue;
      if (owning) await next.client.request('own', {}).catch(() => undefined); // lost again: the view notices it
      const notice = noticeOf(next.pid, await pid);
      client = next.client;
      pid = Promise.resolve(next.pid);
      stopWhenMet(client, view, endedBy);
      return { client, notice };
    }
    return null;
  };
  const shown = runTui({
    client,
    paths,
    owning,
    colour,
    stdout,
    stdin,
    asksFirst,
    ...looks,
    findNext,
    ...viewHelpers(context, paths, () => client),
  });
  // The view listens now: Ctrl-C is a key, and it handles signals. Nothing may be awaited between the two.
  view.interrupts.pause();
  stopWhenMet(client, view, endedBy);
  const outcome = await shown;
  switch (outcome) {
    case 'detached':
      context.stdout.write('The project keeps running: `orch attach` shows it again, `orch down` stops it.\n');
      return 0;
    case 'lost':
      view.interrupts.resume();
      await deliveredSignals();
      return owning && view.interrupts.count > 0 ? stopLost(context, view) : fail(context, supervisorLostError);
    case 'lostDown':
      return stopLost(context, view);
    case 'ended':
      return reportEnded(context, readProjectEnd(paths, sinceMs)!);
    case 'down':
    case 'leftovers': {
      const supervisor = await pid;
      if (supervisor !== null) await untilGone(supervisor);
      return endedBy.exitCode ?? readProjectEnd(paths, sinceMs)?.exitCode ?? (outcome === 'down' ? 0 : 1);
    }
    case 'quit':
      return 0;
  }
}

/** Once a Ctrl-C of this moment has called its listeners: signals are read between timers and immediates. */
async function deliveredSignals(): Promise<void> {
  await pause(0);
  await new Promise((resolve) => setImmediate(resolve));
}

/** The next supervisor stops everything; if none appears in time, this command does. */
async function stopLost(context: CliContext, view: ShownProject): Promise<ExitCode> {
  view.interrupts.resume();
  const next = await findSuccessor(view.paths, () => false);
  return next ? stopEverything(context, { ...view, client: next.client }) : stopOrphans(context, view.paths);
}

/** `exitCode`: once the condition that ends the project holds. */
type EndedBy = { exitCode: number | null };

/** The view shows how everything stops. */
function stopWhenMet(client: Client, { endCondition }: ShownProject, endedBy: EndedBy): void {
  if (!endCondition) return;
  const stop = async () => {
    endedBy.exitCode = await untilEnd(client, endCondition);
    await client.request('down', { timeoutMs: null });
  };
  stop().catch(() => undefined); // the view notices that the connection is lost
}

/** Its report goes to stderr: stdout belongs to the view. */
const stopOrphans = (context: CliContext, paths: ProjectPaths): Promise<ExitCode> =>
  takeDownOrphans({ ...context, json: false, stdout: context.stderr }, paths, null);

const supervisorLostError = {
  code: 'failed',
  message: 'the supervisor has exited unexpectedly; its services may still run',
  hint: 'run `orch up`: it adopts what still fits and stops the rest',
};
