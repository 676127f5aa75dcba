// examples/ci-plan: the steps of its workflow, run as the runner does, for pull requests against a base branch.
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { createExampleProject } from '../rig/example.ts';
import { git as gitIn } from '../rig/git.ts';
import { MAIN } from '../rig/orch.ts';
import type { Project } from '../rig/project.ts';

type Step = { name?: string; run?: string; env?: Record<string, string> };
type StepResult = { code: number; stderr: string };

const EXPRESSIONS: Record<string, string> = {
  '${{ github.base_ref }}': 'main',
  '${{ github.token }}': 'token',
  '${{ github.event.number }}': '7',
};

/** A checkout with `origin/main` and the branch of a pull request; `gh` writes down what it is asked. */
function createCheckout(): { project: Project; commit: () => void; step: (name: string) => Promise<StepResult> } {
  const project = createExampleProject('ci-plan');
  const git = (...args: string[]) => gitIn(project.root, ...args);
  const commit = (): void => {
    git('add', '-A');
    git('commit', '-qm', 'a change');
  };
  project.write('.gitignore', 'node_modules\nbin\nplan.md\nsummary.md\n.env\n');
  git('init', '-q', '-b', 'main');
  commit();
  git('update-ref', 'refs/remotes/origin/main', 'HEAD');
  git('checkout', '-q', '-b', 'pull-request');
  // What `npm ci` does.
  mkdirSync(project.path('node_modules/.bin'), { recursive: true });
  symlinkSync(MAIN, project.path('node_modules/.bin/orch'));
  project.write('bin/gh', '#!/bin/sh\nprintf "%s\\n" "$@" > "$0.args"\n');
  chmodSync(project.path('bin/gh'), 0o755);
  const { jobs } = parse(project.read('.github/workflows/plan.yml')) as { jobs: { plan: { steps: Step[] } } };
  const stepNamed = (name: string) => jobs.plan.steps.find((one) => one.name === name)!;
  return { project, commit, step: (name) => runStep(project, stepNamed(name)) };
}

/** As GitHub's runner: `bash -e`, expressions only in `env`. */
function runStep(project: Project, { run = '', env = {} }: Step): Promise<StepResult> {
  expect(run).not.toContain('${{');
  const given = Object.entries(env).map(([name, value]) => [name, EXPRESSIONS[value] ?? value]);
  const variables = {
    ...process.env,
    ...project.env,
    ...Object.fromEntries(given),
    PATH: `${project.path('bin')}:${process.env.PATH}`,
    GITHUB_STEP_SUMMARY: project.path('summary.md'),
  };
  return new Promise((resolve) => {
    execFile('bash', ['-e', '-c', run], { cwd: project.root, env: variables }, (error, _stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stderr }),
    );
  });
}

test('a pull request gets its plan as summary and comment', async () => {
  const { project, commit, step } = createCheckout();
  project.write('procs.prod.yaml', 'services:\n  api:\n    pool: 4\n    command: [node, "server.mjs", "--new"]\n');
  commit();
  expect(await step('Plan')).toMatchObject({ code: 0 });
  const plan = project.read('plan.md');
  expect(plan).toMatch(/^### orch plan: shop \(prod\): origin\/main → HEAD$/m);
  expect(plan).toContain('| api | restart | api.1 … api.4 (4) | restart | command changed |');
  expect(plan).toContain('+ command: ["node", "server.mjs", "--new"]\n  procs.prod.yaml:4\n');
  expect(project.read('summary.md')).toBe(plan);
  expect(await step('Comment')).toMatchObject({ code: 0 });
  const asked = ['pr', 'comment', '7', '--edit-last', '--create-if-none', '--body-file', 'plan.md'];
  expect(readFileSync(project.path('bin/gh.args'), 'utf8').trim().split('\n')).toEqual(asked);
  expect(project.processes()).toEqual([]);
});

test('a pull request without a change says so, and one with a mistake fails with its position', async () => {
  const { project, commit, step } = createCheckout();
  project.write('other.txt', 'x\n');
  commit();
  expect(await step('Plan')).toMatchObject({ code: 0 });
  expect(project.read('plan.md')).toContain('**Nothing to do.**');
  project.write('procs.prod.yaml', 'services:\n  api:\n    pol: 4\n');
  commit();
  const failed = await step('Plan');
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('HEAD:procs.prod.yaml:3:5')]);
});

test('the guide shows the workflow of the example', () => {
  const guide = readFileSync(new URL('../../docs/guide/plans.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL('../../examples/ci-plan/.github/workflows/plan.yml', import.meta.url), 'utf8');
  expect(guide).toContain(`\`\`\`yaml\n${example.trim()}\n\`\`\`\n`);
});
