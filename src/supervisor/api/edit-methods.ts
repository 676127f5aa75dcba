// The API's methods about the configuration: apply it, pause and resume edits of the files.
import { basename } from 'node:path';
import type { EditOutcome, HeldEdit } from '../../api/protocol.ts';
import type { PlannedToken } from '../../api/protocol-plan.ts';
import type { AcceptedConfig, LoadResult } from '../../core/load-result.ts';
import { movedParts, planMovedError, planToken } from '../../plan/plan-token.ts';
import { findEnvironmentConflict } from '../config/environment-guard.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { MethodTable } from './api-server.ts';
import { RequestError } from './request-error.ts';
import type { Supervised } from './supervised.ts';

/** For the log writer to know what the next supervisor needs; one that is stuck starts none. */
const GUARD_PATIENCE_MS = 100;

export const goingDown = { code: 'going-down', message: 'the project is going down' };
export const handingOver = { code: 'handing-over', message: 'another supervisor takes over' };

type EditMethods = Pick<MethodTable, 'apply' | 'accepted' | 'pause' | 'resume'>;

/** @param followLink the files may be at another place by now. @returns a sentence: they cannot be followed there. */
export function createEditMethods(supervisor: Supervised, followLink: () => Promise<string | null>): EditMethods {
  const { kernel, edits } = supervisor;
  const checkActing = (): void => {
    if (kernel.desired.shuttingDown) throw new RequestError(goingDown);
    // After a fault: the successor has its configuration already.
    if (supervisor.isFrozen()) throw new RequestError({ ...handingOver, code: 'lost' });
  };
  return {
    apply: async ({ accepted, only, file, variables, keepsEnvironment, planned }) => {
      checkActing();
      if (accepted && planned) checkPlanned(kernel, planned, acceptedConfig(accepted));
      if (accepted && keepsEnvironment) {
        const conflict = findEnvironmentConflict(kernel.accepted!.config.env, acceptedConfig(accepted).config.env);
        if (conflict) throw new RequestError(conflict);
      }
      if (typeof file === 'string' && basename(file) !== basename(supervisor.file)) throw otherFile(supervisor.file);
      const held = accepted && edits.objectionTo(acceptedConfig(accepted));
      if (held) throw heldError(held);
      const notFollowed = await followLink();
      if (notFollowed) throw new RequestError({ code: 'conflict', message: notFollowed });
      if (accepted && isRecord(variables)) supervisor.variables.replace(variables);
      if (accepted) supervisor.apply(acceptedConfig(accepted), only ?? null);
      const outcome = outcomeOf(supervisor, accepted ? null : await edits.reload());
      // What this `up` brought must outlive this process: from here on, the log writer's start of the next one has it.
      await Promise.all([supervisor.writer.whenUpToDate(GUARD_PATIENCE_MS), supervisor.save()]);
      return outcome;
    },
    accepted: () => ({ accepted: kernel.accepted! }),
    pause: async () => {
      checkActing();
      const already = !(await edits.pause());
      return { paused: edits.status.paused!, already };
    },
    resume: async () => {
      checkActing();
      const waiting = edits.status.paused?.edits ?? null;
      return { edits: waiting, ...outcomeOf(supervisor, await edits.resume()) };
    },
  };
}

function checkPlanned(kernel: Kernel, { token, key }: PlannedToken, { config }: AcceptedConfig): void {
  const moved = movedParts(token, planToken(key, kernel, config));
  if (moved.length > 0) throw new RequestError(planMovedError(moved));
}

/** @param result null: no file was read */
function outcomeOf({ kernel, edits }: Supervised, result: LoadResult | null): EditOutcome {
  const problems = result && !result.ok ? result.problems : [];
  const { held } = edits;
  const status = problems.length > 0 ? 'rejected' : held ? 'held' : 'applied';
  return { generation: kernel.generation, status, problems, ...(held && { held }) };
}

function heldError({ reasons, summary, command }: HeldEdit): RequestError {
  const because = reasons.map((reason) => reason.because).join('; ');
  const message = `the files are not applied: ${because} (${summary})`;
  const hint = `\`${command}\` applies them; \`orch attach\` shows what runs`;
  return new RequestError({ code: 'held', message, hint });
}

/** A client of an earlier version took every file of the directory for the same project. */
function otherFile(file: string): RequestError {
  const message = `this supervisor runs another project, ${file}`;
  return new RequestError({ code: 'conflict', message, hint: 'a newer version of orch runs both at the same time' });
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
