// `orch plan`: what `up` would do to what runs, and why; or what changes between two commits. Never changes anything.
import { basename, dirname, join } from 'node:path';
import type { Plan } from '../../api/protocol.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import { painter } from '../../terminal/colour.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { printError } from '../context/errors.ts';
import { failRequest, openProject } from '../context/running-project.ts';
import { formatPlan } from '../format/plan-text.ts';

export const planCommand: CommandDefinition = {
  name: 'plan',
  group: 'Look',
  summary: 'show what `up` would do, and why',
  details: [
    'Compares the files with what runs; with a commit, that commit with the files; with A..B, two commits. Starts, stops',
    'and writes nothing. Exit code: 0 nothing to do, 2 changes, 1 error.',
  ].join(' '),
  arguments: [{ syntax: '[range]', description: 'a commit (`HEAD~1`, `v1.2`) or two (`main..HEAD`)' }],
  options: [],
  examples: [
    ['orch plan', 'what `orch up -d` would do'],
    ['orch plan main..HEAD', 'what a branch changes'],
    ['orch -e prod plan --json v1.2', 'since a release, for programs'],
  ],
  run: (context, _options, names) => runPlan(context, names),
};

/** Exit code 0: nothing to do; 2: changes; 1: every failure, a configuration with problems included. */
async function runPlan(context: CliContext, [range]: string[]): Promise<ExitCode> {
  try {
    const planned = range === undefined ? await againstWhatRuns(context) : await betweenCommits(context, range);
    if (planned === null) return 1;
    const { plan, title } = planned;
    const text = context.json ? JSON.stringify(plan) : `${title}\n\n${formatPlan(plan, painter(context.colour))}`;
    context.stdout.write(`${text}\n`);
    return plan.changes.length > 0 || plan.environment ? 2 : 0;
  } catch (error) {
    failRequest(context, error);
    return 1;
  }
}

type Planned = { plan: Plan; title: string };

async function againstWhatRuns(context: CliContext): Promise<Planned | null> {
  const [accepted, { paths, client }] = await Promise.all([loadRevision(context, null), openProject(context)]);
  try {
    if (!accepted) return null;
    const { project, env } = accepted.config;
    const name = `${project}${env === null ? '' : ` (${env})`}`;
    const { hasOrphanedState } = await import('../up/supervisor-presence.ts');
    if (!client && paths && hasOrphanedState(paths)) return printUnknownState(context, name);
    if (!client)
      return (
        (await againstProcsYaml(context, name)) ?? {
          plan: await planBetween(null, accepted),
          title: `${name}: nothing runs yet`,
        }
      );
    return { plan: await client.request('plan', { accepted }), title: `${name}: what runs → the files` };
  } finally {
    client?.close();
  }
}

/**
 * Another file of a directory whose procs.yaml runs is most likely a draft of it.
 * @returns null: the file is procs.yaml, or that does not run
 */
async function againstProcsYaml(context: CliContext, name: string): Promise<Planned | null> {
  const [directory, file] = [dirname(context.file), basename(context.file)];
  if (file === 'procs.yaml' || context.stateDir !== null) return null;
  const { client } = await openProject({ ...context, file: join(directory, 'procs.yaml') });
  try {
    // As if it were procs.yaml: with the same state directory.
    const draft = client && (await loadRevision({ ...context, stateDir: join(directory, '.orch') }, null));
    if (!draft) return null;
    const hint = `\`orch -f ${file} up\` would start it as a project of its own, next to that of procs.yaml`;
    const title = `${name}: what runs of procs.yaml → ${file}\n(${hint})`;
    return { plan: await client.request('plan', { accepted: draft }), title };
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

/** `REF`: from there to the files; `A..B`: from commit to commit; an empty side is HEAD, as in git. */
async function betweenCommits(context: CliContext, range: string): Promise<Planned | null> {
  const [from, to] = range.includes('..') ? range.split(/\.\.\.?/, 2).map((ref) => ref || 'HEAD') : [range, null];
  const before = await loadRevision(context, from!);
  const after = before && (await loadRevision(context, to ?? null));
  if (!before || !after) return null;
  return { plan: await planBetween(before, after), title: `${from} → ${to ?? 'the files'}` };
}

/** The actions of a supervisor that has settled on `before`; null: of one that has run nothing. */
async function planBetween(before: AcceptedConfig | null, after: AcceptedConfig): Promise<Plan> {
  const [{ planChange }, { SETTLED_MS, settledState }] = await Promise.all([
    import('../../plan/plan.ts'),
    import('../../plan/settled-state.ts'),
  ]);
  return planChange(settledState(before?.config ?? null), after.config, SETTLED_MS);
}

/** @param ref null: the files on disk. @returns null after printing the reason. */
async function loadRevision(context: CliContext, ref: string | null): Promise<AcceptedConfig | null> {
  const { loadOrPrint } = await import('../context/configuration.ts');
  if (ref === null) return loadOrPrint(context);
  const { isGitProblem, openGitSource } = await import('../../config/files/git-source.ts');
  const git = await openGitSource(context.file, ref);
  if (!isGitProblem(git)) return loadOrPrint(context, { ref, source: git.source });
  const { code, message, hint } = git;
  printError(context, { code, message, ...(hint === null ? {} : { hint }) });
  return null;
}
