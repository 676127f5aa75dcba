// `plan`: what `orch up` would do to what runs, or what changes between two commits, as `orch plan --json` prints it.
import { basename } from 'node:path';
import { ClientError } from '../api/client.ts';
import type { CliContext } from '../cli/context/context.ts';
import { openProject } from '../cli/context/running-project.ts';
import type { Problem } from '../core/load-result.ts';
import type { ComparedSide } from '../plan/compared-sides.ts';
import type { PlanReport } from '../plan/plan-report.ts';
import { contextOf, type ProjectOptions, problemOf, type Rejected } from './project-options.ts';

export type PlanProjectOptions = ProjectOptions & {
  /** A git commit to compare from. Default: what runs. */
  from?: string | undefined;
  /** A git commit to compare with. Default: the files on disk. */
  to?: string | undefined;
};

export type PlannedProject = { ok: true; plan: PlanReport };

/** Starts, signals and writes nothing. Never rejects for what is in the files, in git, or for a supervisor that does not answer. */
export async function plan(options: string | PlanProjectOptions = {}): Promise<PlannedProject | Rejected> {
  const context = contextOf(options);
  const { from, to } = typeof options === 'string' ? {} : options;
  const after = await loadSide(context, to);
  if (Array.isArray(after)) return { ok: false, problems: after };
  const before = from === undefined ? null : await loadSide(context, from);
  if (Array.isArray(before)) return { ok: false, problems: before };
  const { planBetween, reportPlan } = await import('../plan/compared-sides.ts');
  if (before) return { ok: true, plan: reportPlan(before, after, planBetween(before, after)) };
  try {
    return await planWhatRuns(context, after);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { ok: false, problems: [problemOf(error.wire, context.file)] };
  }
}

async function planWhatRuns(context: CliContext, after: ComparedSide): Promise<PlannedProject> {
  const [{ planFirst, reportPlan }, { hasOrphanedState }, { machineKey }, { paths, client }] = await Promise.all([
    import('../plan/compared-sides.ts'),
    import('../cli/up/supervisor-presence.ts'),
    import('../api/machine-key.ts'),
    openProject(context),
  ]);
  const key = machineKey();
  try {
    if (client) {
      const { accepted } = after;
      return {
        ok: true,
        plan: reportPlan({ kind: 'running' }, after, await client.request('plan', { accepted, key })),
      };
    }
    if (paths && hasOrphanedState(paths)) throw new ClientError(unknownState);
    return { ok: true, plan: reportPlan(null, after, planFirst(after, key)) };
  } finally {
    client?.close();
  }
}

const unknownState = {
  code: 'no-supervisor',
  message: 'no supervisor runs, but an earlier one was killed: what is left of it is not known',
  hint: '`orch up -d` adopts what still fits and starts the rest',
};

/** @param ref undefined: the files on disk */
async function loadSide(context: CliContext, ref: string | undefined): Promise<ComparedSide | Problem[]> {
  const { loadTree } = await import('../config/load-config.ts');
  const { file, env, environment, stateDir } = context;
  const git = ref === undefined ? null : await openCommit(file, ref);
  if (git && 'severity' in git) return [git];
  const request = { file, env, environment, stateDir };
  const { built, problems, watched, files } = await loadTree(git ? { ...request, source: git.source } : request);
  const prefix = ref === undefined ? '' : `${ref}:`;
  if (!built) return problems.map((problem) => ({ ...problem, file: prefix + problem.file }));
  const accepted = { config: built.config, watched, files, warnings: problems };
  const side = git
    ? { kind: 'commit' as const, ref: ref!, commit: git.commit }
    : { kind: 'files' as const, file: basename(file) };
  return { accepted, built, side };
}

async function openCommit(file: string, ref: string) {
  const { openGitSource } = await import('../config/files/git-source.ts');
  return await openGitSource(file, ref, null);
}
