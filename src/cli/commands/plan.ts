// `orch plan`: what `up` would do to what runs, and why; or what changes between two commits. Never changes anything.
import { painter } from '../../terminal/colour.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest } from '../context/running-project.ts';
import type { Planned } from '../planning/make-plan.ts';

type PlanOptions = { markdown?: boolean };

export const planCommand: CommandDefinition<PlanOptions> = {
  name: 'plan',
  group: 'Look',
  summary: 'show what `up` would do, and why',
  details: [
    'Compares the files with what runs; with a commit, that commit with the files; with A..B, two commits; with A...B, B with',
    'the commit where it branched off A. Starts, stops and writes nothing. Exit code: 0 nothing to do, 2 changes, 1 error.',
  ].join(' '),
  arguments: [{ syntax: '[range]', description: 'a commit (`HEAD~1`, `v1.2`) or two (`main..HEAD`)' }],
  options: [{ flags: '--markdown', description: 'print Markdown for a pull request: a table, and the changed keys' }],
  examples: [
    ['orch plan', 'what `orch up -d` would do'],
    ['orch plan main..HEAD', 'what a branch changes'],
    ['orch -e prod plan --json v1.2', 'since a release, for programs'],
    ['orch plan origin/main..HEAD --markdown', 'for a comment on a pull request'],
  ],
  run: (context, options, names) => runPlan(context, options, names),
};

/** Exit code 0: nothing to do; 2: changes; 1: every failure, a configuration with problems included. */
async function runPlan(context: CliContext, { markdown }: PlanOptions, [range]: string[]): Promise<ExitCode> {
  if (markdown && context.json) {
    fail(context, { code: 'usage', message: '`--markdown` and `--json` exclude each other' });
    return 1;
  }
  const { planAgainstWhatRuns, planBetweenCommits } = await import('../planning/make-plan.ts');
  try {
    const planned = range === undefined ? await planAgainstWhatRuns(context) : await planBetweenCommits(context, range);
    if (planned === null) return 1;
    const { report } = planned;
    context.stdout.write(`${await printed(context, planned, markdown ?? false)}\n`);
    return report.changes.length > 0 || report.environment ? 2 : 0;
  } catch (error) {
    failRequest(context, error);
    return 1;
  }
}

async function printed(context: CliContext, { report, note }: Planned, markdown: boolean): Promise<string> {
  if (context.json) return JSON.stringify(report);
  if (markdown) return (await import('../format/plan-markdown.ts')).formatMarkdown(report, note);
  const { formatReport } = await import('../format/plan-report-text.ts');
  return formatReport(report, note, painter(context.colour));
}
