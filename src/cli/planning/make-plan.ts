// Makes the plan that `orch plan` shows: the files against what runs, or commits against each other. Never changes anything.
import { basename, dirname, join } from 'node:path';
import type { Plan } from '../../api/protocol-plan.ts';
import { personalOverlayIn } from '../../core/environment-name.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { ComparedSide } from '../../plan/compared-sides.ts';
import type { PlanReport, PlanSide } from '../../plan/plan-report.ts';
import type { CliContext } from '../context/context.ts';
import { printError } from '../context/errors.ts';
import { openProject } from '../context/running-project.ts';

/** `note`: what else a person should know; null: nothing. */
export type Planned = { report: PlanReport; note: string | null };

/** @returns null after printing the reason. Throws ClientErrors. */
export async function planAgainstWhatRuns(context: CliContext): Promise<Planned | null> {
  const [loaded, { paths, client }] = await Promise.all([loadRevision(context, null), openProject(context)]);
  try {
    if (!loaded) return null;
    const { accepted } = loaded;
    const { hasOrphanedState } = await import('../up/supervisor-presence.ts');
    if (!client && paths && hasOrphanedState(paths)) return printUnknownState(context, accepted.config.project);
    const { machineKey } = await import('../../api/machine-key.ts');
    const key = machineKey();
    if (client) return await planned(RUNNING, loaded, await client.request('plan', { accepted, key }));
    const { planFirst } = await import('../../plan/compared-sides.ts');
    return (await planDraft(context)) ?? (await planned(null, loaded, planFirst(loaded, key)));
  } finally {
    client?.close();
  }
}

const RUNNING: PlanSide = { kind: 'running' };

/** @param plan null: it is made here */
async function planned(
  before: ComparedSide | PlanSide | null,
  after: ComparedSide,
  plan: Plan | null,
): Promise<Planned> {
  const { planBetween, reportPlan } = await import('../../plan/compared-sides.ts');
  const from = before && 'built' in before ? before : null;
  return { report: reportPlan(before, after, plan ?? planBetween(from, after)), note: null };
}

/**
 * Another file of a directory whose procs.yaml runs is most likely a draft of it.
 * @returns null: the file is procs.yaml, or that does not run
 */
async function planDraft(context: CliContext): Promise<Planned | null> {
  const [directory, file] = [dirname(context.file), basename(context.file)];
  if (file === 'procs.yaml' || context.stateDir !== null) return null;
  const { client } = await openProject({ ...context, file: join(directory, 'procs.yaml') });
  try {
    // As if it were procs.yaml: with the same state directory.
    const draft = client && (await loadRevision({ ...context, stateDir: join(directory, '.orch') }, null));
    if (!draft) return null;
    const drafted = await planned(RUNNING, draft, await client.request('plan', { accepted: draft.accepted }));
    const note = `what runs is that of procs.yaml: \`orch -f ${file} up\` would start a project of its own, next to it`;
    return { ...drafted, note };
  } finally {
    client?.close();
  }
}

/** Only the next supervisor can find out what lives, what has completed and what was stopped by hand. */
function printUnknownState(context: CliContext, project: string): null {
  printError(context, {
    code: 'no-supervisor',
    message: `no supervisor of ${project} runs, but an earlier one was killed: what \`up\` would do depends on what it left running`,
    hint: '`orch up -d` adopts what still fits and starts the rest; `orch plan HEAD` compares only the files',
  });
  return null;
}

/**
 * `REF`: from there to the files; `A..B`: from commit to commit; `A...B`: from where B branched off A. An empty side is HEAD, as
 * in git.
 */
export async function planBetweenCommits(context: CliContext, range: string): Promise<Planned | null> {
  const [, from, dots, to] = /^(.*?)(\.{2,3})(.*)$/.exec(range) ?? [null, range, '', null];
  const [first, last] = [from || 'HEAD', to === null ? null : to || 'HEAD'];
  const before = await loadRevision(context, first, dots === '...' ? last : null);
  const after = before && (await loadRevision(context, last));
  if (!before || !after) return null;
  const between = await planned(before, after, null);
  return { ...between, note: personalNote([before.accepted, after.accepted]) };
}

function personalNote(sides: AcceptedConfig[]): string | null {
  const overlays = sides.map(({ files, config }) => personalOverlayIn(files, config.env));
  const overlay = overlays.find((file) => file !== null);
  return overlay ? `with ${overlay} of the disk on both sides; --no-local leaves it out` : null;
}

/**
 * @param ref null: the files on disk
 * @param branch the last commit that `ref` and this one have in common is meant
 * @returns null after printing the reason.
 */
async function loadRevision(
  context: CliContext,
  ref: string | null,
  branch: string | null = null,
): Promise<ComparedSide | null> {
  const { loadTreeOrPrint } = await import('../context/configuration.ts');
  if (ref === null) {
    const loaded = await loadTreeOrPrint(context);
    return loaded && { ...loaded, side: { kind: 'files', file: basename(context.file) } };
  }
  const { isGitProblem, openGitSource } = await import('../../config/files/git-source.ts');
  const git = await openGitSource(context.file, ref, branch);
  if (!isGitProblem(git)) {
    const loaded = await loadTreeOrPrint(context, { ref, source: git.source });
    return loaded && { ...loaded, side: { kind: 'commit', ref, commit: git.commit } };
  }
  const { code, message, hint } = git;
  printError(context, { code, message, ...(hint === null ? {} : { hint }) });
  return null;
}
