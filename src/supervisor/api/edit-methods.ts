// The API's methods about the configuration: apply it, pause and resume edits of the files.

import { basename } from 'node:path';
import type { EditOutcome, HeldEdit } from '../../api/protocol-edits.ts';
import type { PlannedToken } from '../../api/protocol-plan.ts';
import type { FollowedRef } from '../../core/follow.ts';
import type { AcceptedConfig, LoadResult, Problem } from '../../core/load-result.ts';
import { movedParts, planMovedError, planToken } from '../../plan/plan-token.ts';
import { becauseOf } from '../config/edit-judge.ts';
import { findEnvironmentConflict } from '../config/environment-guard.ts';
import { isOutdated } from '../config/outdated-reading.ts';
import { readFollowedRef } from '../config/read-follow-state.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { MethodTable } from './api-server.ts';
import type { FollowControl } from './follow-control.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';

/** For the log writer to know what the next supervisor needs; one that is stuck starts none. */
const GUARD_PATIENCE_MS = 100;

export const goingDown = { code: 'going-down', message: 'the project is going down' };
export const handingOver = { code: 'handing-over', message: 'another supervisor takes over' };

/** Throws where nothing can be changed any more. */
export function checkActing(supervisor: Supervised): void {
  if (supervisor.kernel.desired.shuttingDown) throw new RequestError(goingDown);
  // After a fault: the successor has its configuration already.
  if (supervisor.isFrozen()) throw new RequestError({ ...handingOver, code: 'lost' });
}

type ApplyConditions = { keepsEnvironment?: boolean; consents?: boolean; planned?: PlannedToken };
type UpRequest = ApplyConditions & { only: string[] | null; variables?: Record<string, string> };
type EditMethods = Pick<MethodTable, 'apply' | 'accepted' | 'heldEdit' | 'applyHeld' | 'pause' | 'resume'>;

/** @param followLink the files may be at another place by now. @returns a sentence: they cannot be followed there. */
export function createEditMethods(supervisor: Supervised, followLink: () => Promise<string | null>): EditMethods {
  const { kernel, edits, following } = supervisor;
  const inOrder = oneAfterTheOther();
  const followFiles = async (): Promise<void> => {
    const notFollowed = await followLink();
    if (notFollowed) throw new RequestError({ code: 'conflict', message: notFollowed });
  };
  const applyLoaded = async (accepted: AcceptedConfig, { only, variables, ...conditions }: UpRequest) => {
    checkMoving(following);
    await followFiles();
    await checkMayApply(supervisor, accepted, conditions);
    checkActing(supervisor);
    if (isRecord(variables)) supervisor.variables.replace(variables);
    supervisor.apply(accepted, only ?? null, 'up');
  };
  return {
    apply: async ({ accepted, file, by, follow, ...request }) => {
      checkActing(supervisor);
      if (typeof file === 'string' && basename(file) !== basename(supervisor.file)) throw otherFile(supervisor.file);
      if (accepted) await inOrder(() => applyLoaded(acceptedConfig(accepted), request));
      else await followFiles();
      const outcome = outcomeOf(supervisor, accepted ? [] : problemsOf(await edits.reload(by ?? 'edit')));
      const unfollowed = follow === undefined ? null : await following.follow(follow && followedRef(follow));
      // What this `up` brought must outlive this process: from here on, the log writer's start of the next one has it.
      await Promise.all([supervisor.writer.whenUpToDate(GUARD_PATIENCE_MS), supervisor.save()]);
      return { ...outcome, ...(follow && { follows: follow.name }), ...(unfollowed !== null && { unfollowed }) };
    },
    accepted: () => ({ accepted: kernel.accepted! }),
    heldEdit: async () => {
      checkActing(supervisor);
      await edits.catchUp();
      const outcome = outcomeOf(supervisor, kernel.problems);
      // An edit on disk comes first: a commit is not applied as long as its files are changed.
      if (outcome.held || !following.held) return { ...outcome, plan: edits.planHeld() };
      return { ...outcome, held: following.held, plan: following.planHeld() };
    },
    applyHeld: async ({ since }) => {
      checkActing(supervisor);
      const paused = edits.held?.reasons.find(({ rule }) => rule === 'paused');
      if (paused) throw heldError(edits.held!);
      if (!edits.applyHeld(since) && !(await following.pass(since))) throw new RequestError(changedMeanwhile);
      await supervisor.save();
      return outcomeOf(supervisor, []);
    },
    pause: async () => {
      checkActing(supervisor);
      const already = !(await edits.pause());
      following.wake();
      return { paused: edits.state.paused!, already };
    },
    resume: async () => {
      checkActing(supervisor);
      const waiting = edits.state.paused?.edits ?? null;
      const problems = problemsOf(await edits.resume());
      following.wake();
      return { edits: waiting, ...outcomeOf(supervisor, problems) };
    },
  };
}

/** Of several commands, the one that came last decides. */
function oneAfterTheOther(): (run: () => Promise<void>) => Promise<void> {
  let former = Promise.resolve();
  return (run) => {
    const result = former.then(run);
    former = result.catch(() => undefined); // its own command reports it
    return result;
  };
}

/** Throws where what a client has loaded must not be applied. Call right before applying it. */
async function checkMayApply(
  supervisor: Supervised,
  accepted: AcceptedConfig,
  conditions: ApplyConditions,
): Promise<void> {
  const { kernel, edits } = supervisor;
  const { keepsEnvironment = false, consents = false, planned } = conditions;
  const inForce = kernel.accepted!;
  // It may have waited for this supervisor, and another command was faster with what is on disk now.
  if (await isOutdated(accepted, supervisor.file)) throw new RequestError(filesChanged);
  if (planned) checkPlanned(kernel, planned, accepted);
  const { env } = accepted.config;
  const conflict = keepsEnvironment ? findEnvironmentConflict(inForce.config.env, env) : null;
  if (conflict) throw new RequestError(conflict);
  // The user has agreed to another environment with its plan in view.
  const held = await edits.objectionTo(accepted, consents || env !== inForce.config.env);
  if (held) throw heldError(held);
  if (kernel.accepted !== inForce) await checkMayApply(supervisor, accepted, conditions);
}

const filesChanged = {
  code: 'files-changed',
  message: 'the files have changed since they were read; nothing was applied',
  hint: '`orch up` reads them again',
};

/** A client has read the files in the middle of a checkout. */
function checkMoving({ status }: FollowControl): void {
  if (status?.state !== 'moving' || status.held) return;
  const message = `another commit of ${status.ref} is being checked out`;
  throw new RequestError({ code: 'conflict', message, hint: 'try again in a moment' });
}

function checkPlanned(kernel: Kernel, { token, key }: PlannedToken, { config }: AcceptedConfig): void {
  const moved = movedParts(token, planToken(key, kernel, config));
  if (moved.length > 0) throw new RequestError(planMovedError(moved));
}

const changedMeanwhile = {
  code: 'conflict',
  message: 'the files have changed since the plan was made; nothing was applied',
  hint: '`orch apply` shows the plan as it is now',
};

/** @param result null: no file was read */
const problemsOf = (result: LoadResult | null): readonly Problem[] => (result && !result.ok ? result.problems : []);

function outcomeOf({ kernel, edits }: Supervised, problems: readonly Problem[]): EditOutcome {
  const { held } = edits;
  const status = problems.length > 0 ? 'rejected' : held ? 'held' : 'applied';
  return { generation: kernel.generation, status, problems: [...problems], ...(held && { held }) };
}

function heldError(held: HeldEdit): RequestError {
  const { reasons, summary, command } = held;
  const message = `the files are not applied: ${becauseOf(held)} (${summary})`;
  const isPaused = reasons.some(({ rule }) => rule === 'paused');
  const yes = !isPaused
    ? '`orch apply` shows the plan and applies them, or `orch up --yes`'
    : `\`${command}\` applies them`;
  const hint = `${yes}; \`orch attach\` shows what runs`;
  return new RequestError({ code: isPaused ? 'paused' : 'held', message, hint });
}

/** A client of an earlier version took every file of the directory for the same project. */
function otherFile(file: string): RequestError {
  const message = `this supervisor runs another project, ${file}`;
  return new RequestError({ code: 'conflict', message, hint: 'a newer version of orch runs both at the same time' });
}

/** The client has found it in the clone; this guards against invalid input of other programs. */
export function followedRef(value: unknown): FollowedRef {
  const ref = readFollowedRef(value);
  if (!ref) throw new RequestError({ code: 'usage', message: 'follow must be a ref of git, as `orch up` finds it' });
  return ref;
}

const isRecord = (value: unknown): value is Record<string, string> => typeof value === 'object' && value !== null;

/** The client has checked it by the same code; this guards against invalid input of other programs. */
export function acceptedConfig(value: unknown): AcceptedConfig {
  const { config, watched, files } = (value ?? {}) as Partial<AcceptedConfig>;
  const fits =
    Array.isArray(config?.services) &&
    Array.isArray(config.logQueues) &&
    Array.isArray(watched) &&
    Array.isArray(files);
  if (!fits) throw new RequestError({ code: 'usage', message: 'accepted must be a loaded configuration' });
  return value as AcceptedConfig;
}
