// Makes a configuration run: applies it to the running supervisor, or starts one. Other commands may start or stop one at
// the same time: a command that loses such a race tries again.

import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Client, ClientError, connect } from '../../api/client.ts';
import { machineKey } from '../../api/machine-key.ts';
import { type ProjectPaths, pathsOfFile, resolveLinks } from '../../api/paths.ts';
import type { WireError } from '../../api/protocol.ts';
import type { PlannedToken } from '../../api/protocol-plan.ts';
import type { FollowedRef } from '../../core/follow.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { planMovedError } from '../../plan/plan-token.ts';
import { definedVariables } from '../context/applied-environment.ts';
import { checkServiceNames, loadOrPrint, printProblems, selectServices } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { checkProject, findPaths } from '../context/running-project.ts';
import { refreshSchema } from '../context/schema-copy.ts';
import { askConsent } from './ask-consent.ts';
import type { EarlyLaunch } from './early-launch.ts';
import type { Interrupts } from './interrupts.ts';
import { type LaunchOutcome, launchSupervisor, type SupervisorLaunch } from './launch-supervisor.ts';
import { findMoved } from './planned-token.ts';
import { endSupervisor } from './supervisor-presence.ts';

/** `owning`: this command started the supervisor, so that leaving its view stops everything. */
export type RunningProject = {
  client: Client;
  accepted: AcceptedConfig;
  owning: boolean;
  /** The names that the selectors mean; none: all. */
  only: string[];
  /** The ref of git that is not followed any more. */
  unfollowed?: string;
};

/** A supervisor that holds the lock answers within this time, or is about to exit. */
const CONFLICT_PATIENCE_MS = 10_000;
const RETRY_MS = 50;
/** After this the lock may be free: launch again. */
const RELAUNCH_MS = 1000;
/** Files that a program keeps writing are never the same when the supervisor looks. */
const MAX_READINGS = 20;

export type BringUpOptions = {
  /** Also these services and what they depend on, as names or selectors; none: all. */
  only: string[];
  except?: string[] | undefined;
  /** Services that must be declared as well. */
  mustExist?: string[];
  /** The name of the environment may change without a question. */
  maySwitch: boolean;
  /** The token of a plan: apply nothing unless it still holds. */
  planned?: string;
  /** What the policy of the project holds may be applied without a question. */
  mayPass?: boolean | undefined;
  /** Each new commit of this ref is applied; null: of none any more; left out: as before. */
  follow?: FollowedRef | null | undefined;
  /** An interrupt before anything was started ends the attempt (exit code 1). */
  interrupts?: Interrupts;
  earlyLaunch?: EarlyLaunch | null | undefined;
  /** Called once the supervisor has work to do: what takes this process a while and can be done meanwhile. */
  meanwhile?: () => void;
};

/**
 * @returns an exit code after printing why it failed. Throws ClientErrors.
 */
export async function bringUp(
  context: CliContext,
  paths: ProjectPaths,
  options: BringUpOptions,
): Promise<RunningProject | ExitCode> {
  const { maySwitch, mayPass = false, planned: token, follow, interrupts, earlyLaunch, meanwhile } = options;
  // A command that listens for Ctrl-C stays, and owns what it starts.
  const owned = interrupts !== undefined;
  const client = await connect(paths);
  // A new supervisor starts while this process still reads the configuration.
  const launch = client ? null : (earlyLaunch?.take(paths) ?? startLaunch(context, paths, owned));
  await earlyLaunch?.abandon();
  const reading = await readFiles(context, options, client !== null);
  if (!reading) {
    await launch?.abandon();
    client?.close();
    return 2;
  }
  if (interrupts && interrupts.count > 0) {
    await launch?.abandon();
    client?.close();
    return 1;
  }
  refreshSchema(context.file);
  if (client) await checkProject(client, context);
  const planned = token === undefined ? null : { token, key: machineKey() };
  const moved = planned && (await findMoved({ client, paths, accepted: reading.accepted, planned }));
  if (moved) {
    await launch?.abandon();
    client?.close();
    return fail(context, moved);
  }
  const readAgain = () => readFiles(context, options, true);
  if (client && (await isKnownWithoutLinks(client, context))) {
    await endSupervisor(client);
    return await retryUntilRunning(
      { context, paths: pathsOfFile(context.file, context.stateDir), owned, interrupts, meanwhile, readAgain },
      { ...reading, follow, keepsEnvironment: !maySwitch },
      null,
      null,
    );
  }
  const consent = { keepsEnvironment: !maySwitch, consents: mayPass };
  const request = { ...reading, follow, ...consent, ...(planned && { planned }) };
  return retryUntilRunning({ context, paths, owned, interrupts, meanwhile, readAgain }, request, client, launch);
}

type SelectedConfig = Pick<RunningProject, 'accepted' | 'only'>;

/** @returns null after printing what is wrong with the files, or with the names of services. */
async function readFiles(
  context: CliContext,
  { only: words, except, mustExist = [] }: BringUpOptions,
  isRunning: boolean,
): Promise<SelectedConfig | null> {
  const accepted = await loadOrPrint(context);
  if (!accepted && isRunning) context.stderr.write('\nServices keep running.\n');
  const only = accepted && (await selectServices(context, accepted.config, words, { except }));
  return accepted && only && checkServiceNames(context, accepted.config, [...only, ...mustExist])
    ? { accepted, only }
    : null;
}

/**
 * The supervisor runs this directory, but not by the path through a link that is given now: it would not follow the link.
 * Another one takes its place, and everything that runs.
 */
async function isKnownWithoutLinks(client: Client, { file }: CliContext): Promise<boolean> {
  const root = dirname(file);
  const real = resolveLinks(root);
  return real !== root && (await client.request('hello', {})).root === real;
}

const startLaunch = (context: CliContext, paths: ProjectPaths, owned: boolean) =>
  launchSupervisor({ paths, file: context.file, env: context.env, environment: context.environment, owned });

type ApplyRequest = SelectedConfig & {
  follow?: FollowedRef | null | undefined;
  keepsEnvironment: boolean;
  consents?: boolean;
  planned?: PlannedToken;
};

type BringUpAttempt = {
  context: CliContext;
  paths: ProjectPaths;
  owned: boolean;
  interrupts: Interrupts | undefined;
  meanwhile: (() => void) | undefined;
  /** @returns null after printing why the files cannot be applied. */
  readAgain(): Promise<SelectedConfig | null>;
};

async function retryUntilRunning(
  { context, paths: firstPaths, owned, interrupts, meanwhile = () => undefined, readAgain }: BringUpAttempt,
  firstRequest: ApplyRequest,
  client: Client | null,
  launch: SupervisorLaunch | null,
): Promise<RunningProject | ExitCode> {
  let paths = firstPaths;
  let request = firstRequest;
  let readings = 1;
  let conflict: WireError | null = null;
  /** @returns null: the request now says that the user agrees. */
  const agree = async (error: WireError): Promise<ExitCode | null> => {
    const code = await askConsent(context, { ...request, client, error, interrupts });
    const isSwitch = error.code === 'environment-differs';
    if (code === null) request = { ...request, ...(isSwitch ? { keepsEnvironment: false } : { consents: true }) };
    else client?.close();
    return code;
  };
  /** @returns null: the request now says what the files say. */
  const read = async (error: WireError): Promise<ExitCode | null> => {
    const reading = ++readings > MAX_READINGS ? null : await readAgain();
    // What the user has agreed to was another plan.
    if (reading) request = { ...firstRequest, ...reading };
    else client?.close();
    if (readings > MAX_READINGS) return fail(context, error);
    return reading ? null : 2;
  };
  let untilMs = performance.now() + CONFLICT_PATIENCE_MS;
  for (;;) {
    if (client) {
      const applying = apply(context, client, request);
      setImmediate(meanwhile);
      const applied = await applying;
      if (typeof applied === 'object' && 'code' in applied) {
        const code = await (applied.code === 'files-changed' ? read(applied) : agree(applied));
        if (code === null) continue;
        return code;
      }
      if (applied !== 'gone') return applied;
      if (request.planned) return fail(context, planMovedError(['running']));
      // Its services needed time to stop; the timeout begins only now.
      untilMs = performance.now() + CONFLICT_PATIENCE_MS;
      client = await connect(paths);
      continue;
    }
    if (conflict && performance.now() > untilMs) return fail(context, conflict);
    const starting = start(launch ?? startLaunch(context, paths, owned), request);
    setImmediate(meanwhile);
    const started = await starting;
    launch = null;
    if (started.kind === 'ready') return afterStart(paths, request);
    if (started.kind === 'died') return fail(context, supervisorDied(paths, started));
    if (started.error.code === 'environment-differs') {
      const code = await agree(started.error);
      if (code === null) continue;
      return code;
    }
    if (started.error.code !== 'conflict') return fail(context, started.error);
    conflict = started.error;
    ({ client, paths } = await connectWithin(context, paths, RELAUNCH_MS));
  }
}

/** The supervisor that holds the lock may be about to listen, or is moving its state to where a switched link leads. */
async function connectWithin(context: CliContext, firstPaths: ProjectPaths, patienceMs: number) {
  let paths = firstPaths;
  for (const untilMs = performance.now() + patienceMs; performance.now() < untilMs; await pause(RETRY_MS)) {
    const client = await connect(paths);
    if (client) return { client, paths };
    paths = findPaths(context) ?? paths;
  }
  return { client: null, paths };
}

function start(launch: SupervisorLaunch, request: ApplyRequest): Promise<LaunchOutcome> {
  launch.accept(request);
  return launch.started;
}

/** What this command can do something about. */
const ANSWERED_ERRORS = ['environment-differs', 'held', 'files-changed'];

/**
 * @returns `gone` if the supervisor was going down, once it has exited; an error if it needs the consent of the user, or
 * another reading of the files.
 */
async function apply(
  context: CliContext,
  client: Client,
  request: ApplyRequest,
): Promise<RunningProject | ExitCode | WireError | 'gone'> {
  try {
    const { file } = context;
    const variables = definedVariables(context.environment);
    const { status, problems, unfollowed, follows } = await client.request('apply', { ...request, file, variables });
    const { accepted, only, follow } = request;
    if (status === 'applied' && follow && follows !== follow.name) throw new ClientError(olderSupervisor);
    if (status === 'applied') return { client, accepted, owning: false, only, ...(unfollowed && { unfollowed }) };
    printProblems(context, problems);
    client.close();
    return 2;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (ANSWERED_ERRORS.includes(error.wire.code)) return error.wire;
    if (error.wire.code === 'going-down')
      context.stderr.write('The project is going down; waiting until it has stopped.\n');
    else if (error.wire.code !== 'lost') throw error;
    await client.closed;
    return 'gone';
  }
}

const olderSupervisor: WireError = {
  code: 'conflict',
  message: 'the running supervisor is of an older version, which does not know `--follow`',
  hint: '`orch upgrade` replaces it; services keep running',
};

/** The supervisor reported that it is ready, so it listens, unless it crashed in between. */
async function afterStart(paths: ProjectPaths, { accepted, only }: ApplyRequest): Promise<RunningProject> {
  const client = await connect(paths);
  if (client) return { client, accepted, owning: true, only };
  throw new ClientError(supervisorDied(paths, { how: 'exited right after its start', last: '' }));
}

function supervisorDied(paths: ProjectPaths, { how, last }: { how: string; last: string }): WireError {
  const message = `the supervisor did not start: it ${how}${last ? `\n${last}` : ''}`;
  return { code: 'failed', message, hint: `its log is ${paths.supervisorLog}` };
}
