// `orch plan`: what `up` would do and why, against what runs; or what lies between two commits. Never acts.
import { connect } from '../api/client.ts';
import type { Plan } from '../api/protocol.ts';
import { isProblem, openGitSource } from '../config/git-source.ts';
import { loadConfig } from '../config/load.ts';
import type { AcceptedConfig, Problem } from '../core/model.ts';
import type { CliContext, ExitCode } from './command.ts';
import { printError } from './errors.ts';
import { painter } from './format/colour.ts';
import { hasRemains } from './orphans.ts';
import { comparePlan } from './plan/compare.ts';
import { formatPlan } from './plan/format-plan.ts';
import { printProblems, printWarnings } from './problems.ts';
import { failedRequest, findPaths } from './project.ts';

/** 0: nothing to do; 2: changes; 1: every kind of failure, a configuration with problems included. */
export async function runPlan(context: CliContext, [range]: string[]): Promise<ExitCode> {
  try {
    const planned = range === undefined ? await againstWhatRuns(context) : await betweenCommits(context, range);
    if (planned === null) return 1;
    const { plan, title } = planned;
    const text = context.json ? JSON.stringify(plan) : `${title}\n\n${formatPlan(plan, painter(context.colour))}`;
    context.stdout.write(`${text}\n`);
    return plan.changes.length > 0 ? 2 : 0;
  } catch (error) {
    failedRequest(context, error);
    return 1;
  }
}

type Planned = { plan: Plan; title: string };

async function againstWhatRuns(context: CliContext): Promise<Planned | null> {
  const paths = findPaths(context);
  const [accepted, client] = await Promise.all([load(context, null), paths && connect(paths)]);
  try {
    if (!accepted) return null;
    const { project, env } = accepted.config;
    const name = `${project}${env === null ? '' : ` (${env})`}`;
    if (!client && paths && hasRemains(paths)) return unknowable(context, name);
    if (!client) return { plan: comparePlan(null, accepted.config), title: `${name}: nothing runs yet` };
    return { plan: await client.request('plan', { accepted }), title: `${name}: what runs → the files` };
  } finally {
    client?.close();
  }
}

/** What lives, what has completed and what was stopped by hand is for the next supervisor to find out. */
function unknowable(context: CliContext, project: string): null {
  printError(context, {
    code: 'no-supervisor',
    message: `no supervisor of ${project} runs, but an earlier one was killed: what \`up\` would do depends on what it left`,
    hint: '`orch up -d` takes over what still fits, and starts the rest; `orch plan HEAD` compares the files alone',
  });
  return null;
}

/** `REF`: from there to the files; `A..B`: from commit to commit; an empty side is HEAD, as in git. */
async function betweenCommits(context: CliContext, range: string): Promise<Planned | null> {
  const [from, to] = range.includes('..') ? range.split(/\.\.\.?/, 2).map((ref) => ref || 'HEAD') : [range, null];
  const before = await load(context, from!);
  const after = before && (await load(context, to ?? null));
  if (!before || !after) return null;
  return { plan: comparePlan(before.config, after.config), title: `${from} → ${to ?? 'the files'}` };
}

/** @param ref null: the files on disk. @returns null after printing why not. */
async function load(context: CliContext, ref: string | null): Promise<AcceptedConfig | null> {
  const { file, env, environment } = context;
  if (ref === null) return valid(context, await loadConfig({ file, env, environment }), '');
  const git = await openGitSource(file, ref);
  if (isProblem(git)) {
    const { code, message, hint } = git;
    printError(context, { code, message, ...(hint === null ? {} : { hint }) });
    return null;
  }
  return valid(context, await loadConfig({ file, env, environment, source: git.source }), `${ref}:`);
}

function valid(context: CliContext, loaded: Awaited<ReturnType<typeof loadConfig>>, prefix: string) {
  if (loaded.ok) {
    if (prefix === '') printWarnings(context, loaded.accepted.warnings);
    return loaded.accepted;
  }
  // `main:procs.yaml`, as git names a file of a commit.
  const named = ({ file, ...problem }: Problem): Problem => ({ ...problem, file: `${prefix}${file}` });
  printProblems(context, loaded.problems.map(named));
  return null;
}
