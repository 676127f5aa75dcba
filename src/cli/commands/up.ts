// `orch up`: makes a supervisor run this configuration, then shows the project or leaves it in the background.

import type { Client } from '../../api/client.ts';
import { holdLines } from '../../api/held-edit.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import type { FollowedRef } from '../../core/follow.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { type CommandDefinition, exceptOption, timeoutOption } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest, locateProject } from '../context/running-project.ts';
import type { SelectionOptions } from '../context/selection.ts';
import { type ConvergenceOptions, type Waited, waitConverged } from '../context/wait-converged.ts';
import type { RunningProject } from '../up/bring-up.ts';
import type { EarlyLaunch } from '../up/early-launch.ts';
import type { EndCondition } from '../up/end-condition.ts';
import type { FollowUpOptions } from '../up/follow-request.ts';
import { Interrupts } from '../up/interrupts.ts';

type UpOptions = SelectionOptions &
  FollowUpOptions &
  ConvergenceOptions & {
    detach?: boolean;
    tui?: boolean;
    screenReader?: boolean;
    profile?: string;
    switch?: boolean;
    plan?: string;
    yes?: boolean;
    exitCodeFrom?: string;
    /** A supervisor that starts already: no option of the command line. */
    earlyLaunch?: EarlyLaunch | null;
  };
/** `follow`: each new commit of this ref is applied; null: of none. */
type ResolvedOptions = Omit<UpOptions, 'follow'> & { follow: FollowedRef | null };

export const upCommand: CommandDefinition<UpOptions> = {
  name: 'up',
  group: 'Run',
  summary: 'start the project, or apply the file to what runs',
  details: [
    'Starts the supervisor if none runs, applies procs.yaml and shows the project: in a terminal as a full-screen view,',
    'elsewhere as prefixed lines. From then on edits of the file apply automatically. Leaving the view stops everything,',
    'unless you detach (d) or the supervisor was already running.',
  ].join(' '),
  arguments: [
    {
      syntax: '[services...]',
      description: "run these (names, `tag:backend` or `'worker-*'`) and what they depend on, as well as what runs",
      completes: 'service',
    },
  ],
  options: [
    { flags: '-d, --detach', description: 'return at once and keep running in the background' },
    { flags: '--wait', description: 'with -d: return once everything is as declared' },
    timeoutOption('with --wait: how long to wait'),
    { ...exceptOption, completes: 'service' },
    { flags: '--profile <names>', description: 'also run the services of these profiles (a,b), and of no others' },
    {
      flags: '--exit-code-from <service>',
      description: 'stop everything once this service has ended, and exit with its exit code; implies --no-tui',
      completes: 'service',
    },
    { flags: '--plan <token>', description: 'only if the plan that printed this token still holds; else exit code 4' },
    {
      flags: '--follow <ref>',
      description:
        'apply each new commit of this branch of the local clone, and go back from one that does not converge',
    },
    {
      flags: '--fetch-every <duration>',
      description: 'with --follow: let git fetch this often (default: others do)',
      value: { kind: 'duration' },
    },
    {
      flags: '--follow-timeout <duration>',
      description: 'with --follow: how long a commit may take to converge (default: 10m)',
      value: { kind: 'duration' },
    },
    { flags: '--switch', description: 'change to another environment than the one in force, without a question' },
    { flags: '--yes', description: 'apply also what the `policy` of the project holds; the view asks nothing either' },
    { flags: '--no-tui', description: 'print prefixed lines even in a terminal' },
    { flags: '--screen-reader', description: 'print sentences, and read commands such as `restart api` and `help`' },
  ],
  examples: [
    ['orch up', 'watch it; Ctrl-C stops everything in order'],
    ['orch up -d --wait --timeout 60s', 'in the background, for scripts and deployments'],
    ['orch -e prod up -d', 'with the overlay procs.prod.yaml'],
    ['orch up -d --plan 1f0c9a27d3-b85e02c4f1', 'what `orch plan` has shown, or nothing'],
    ['orch -e prod up -d --follow origin/main --fetch-every 1m', 'and each commit that is pushed from now on'],
    ['orch up -d --switch', 'from environment prod to none'],
    ['orch up --profile debug', 'with the services of that profile'],
    ['orch up tests --exit-code-from tests', 'in CI: the tests and what they depend on; exits as the tests do'],
    ['orch up api', 'api and what it depends on; what runs already stays'],
    ['orch up tag:backend', 'the services with that tag and what they depend on'],
    ['orch up --except worker', 'everything but worker, unless something depends on it'],
  ],
  run: runUp,
};

async function runUp(given: CliContext, options: UpOptions, names: string[]): Promise<ExitCode> {
  const located = await locateProject(given);
  const { context, paths } = located ?? { context: given, paths: null };
  if (!paths) return fail(context, { code: 'usage', message: `the directory of ${context.file} does not exist` });
  const isInBackground = options.detach || options.wait;
  if (isInBackground && options.exitCodeFrom !== undefined) return fail(context, needsForeground);
  if (options.plan !== undefined) {
    const { findWrongUse } = await import('../up/planned-token.ts');
    const isPartial = names.length > 0 || options.profile !== undefined || options.except !== undefined;
    const wrong = findWrongUse(options.plan, isPartial);
    if (wrong) return fail(context, wrong);
  }
  const { findFollowRequest, isFollowError } = await import('../up/follow-request.ts');
  const follow = await findFollowRequest(context.file, options);
  if (isFollowError(follow)) return fail(context, follow);
  const sinceMs = Date.now();
  try {
    return isInBackground
      ? await runInBackground(context, paths, { ...options, follow }, names)
      : await runInForeground(context, paths, { ...options, follow }, names);
  } catch (error) {
    const { endBehind, reportEnded } = await import('../up/ended-project.ts');
    const ended = endBehind(error, paths, sinceMs);
    return ended ? reportEnded(context, ended) : failRequest(context, error);
  }
}

const needsForeground = {
  code: 'usage',
  message: '`--exit-code-from` does not go with `-d` or `--wait`',
  hint: 'in the background, `orch wait SERVICE` waits for its end and exits with its exit code',
};

async function runInBackground(
  context: CliContext,
  paths: ProjectPaths,
  options: ResolvedOptions,
  words: string[],
): Promise<ExitCode> {
  const { profile, except, plan, follow, switch: maySwitch = false, yes: mayPass } = options;
  const { bringUp } = await import('../up/bring-up.ts');
  const running = await bringUp(context, paths, {
    only: words,
    except,
    follow,
    maySwitch,
    mayPass,
    earlyLaunch: options.earlyLaunch,
    ...plannedBy(plan),
  });
  if (typeof running === 'number') return running;
  const { client, only: names } = running;
  try {
    await selectProfiles(client, profile);
    await reportUp(context, running, await waitConverged(client, options, names), follow);
    return 0;
  } finally {
    client.close();
  }
}

async function runInForeground(context: CliContext, paths: ProjectPaths, options: ResolvedOptions, words: string[]) {
  const sinceMs = Date.now();
  const interrupts = new Interrupts();
  try {
    const { bringUp } = await import('../up/bring-up.ts');
    const maySwitch = options.switch === true;
    const mustExist = options.exitCodeFrom === undefined ? [] : [options.exitCodeFrom];
    const wantsTui = options.tui !== false && options.exitCodeFrom === undefined;
    const { yes: asksNothing, screenReader } = options;
    const means = { wantsTui, screenReader, asksNothing };
    const { loadView, showProject } = await import('../up/show.ts');
    const running = await bringUp(context, paths, {
      only: words,
      except: options.except,
      mustExist,
      meanwhile: () => loadView(context, means),
      follow: options.follow,
      maySwitch,
      mayPass: options.yes,
      earlyLaunch: options.earlyLaunch,
      interrupts,
      ...plannedBy(options.plan),
    });
    if (typeof running === 'number') return running;
    const { client, accepted, owning, only: names } = running;
    if (owning) await client.request('own', {});
    await selectProfiles(client, options.profile);
    const { exitCodeFrom } = options;
    const endCondition = endConditionOf(exitCodeFrom, owning);
    const tasks = endCondition ? null : taskNamesOf(accepted, names);
    const view = { client, paths, owning, tasks, endCondition, sinceMs, interrupts, ...means };
    return await showProject(context, view);
  } finally {
    interrupts.stop();
  }
}

const plannedBy = (token: string | undefined) => (token === undefined ? {} : { planned: token });

/** In a container, a process 1 that stays after a service was given up would hide the failure from the platform. */
function endConditionOf(exitCodeFrom: string | undefined, owning: boolean): EndCondition | null {
  if (exitCodeFrom !== undefined) return { kind: 'ended', service: exitCodeFrom };
  return owning && process.pid === 1 ? { kind: 'givenUp' } : null;
}

/** Without `--profile` the earlier choice stays. @param profile names with commas; '': none */
async function selectProfiles(client: Client, profile: string | undefined): Promise<void> {
  if (profile === undefined) return;
  const profiles = profile.split(',').map((name) => name.trim());
  await client.request('profiles', { profiles: profiles.filter(Boolean) });
}

async function reportUp(
  context: CliContext,
  running: RunningProject,
  waited: Waited,
  follow: FollowedRef | null,
): Promise<void> {
  const { pid, project } = await running.client.request('hello', {});
  const started = running.owning;
  const services = running.accepted.config.services.length;
  const count = `${services} ${services === 1 ? 'service' : 'services'}`;
  const text = `${project}: ${started ? 'started' : 'applied'} (${count}, supervisor pid ${pid}${waited.text})${follow ? `, follows ${follow.name}` : ''}`;
  const json = {
    project,
    started,
    services,
    supervisor: { pid },
    ...waited.json,
    ...(follow && { follow: follow.name }),
  };
  context.stdout.write(`${context.json ? JSON.stringify(json) : text + (await notesOf(running))}\n`);
}

/** Reminds the user of services that were stopped by hand, or left out by an `up NAME`, of edits and commits that wait. */
async function notesOf({ client, unfollowed }: RunningProject): Promise<string> {
  const { services, config } = await client.request('status', { known: true });
  const stopped = services.filter(({ override }) => override?.stopped).map(({ name }) => name);
  const kept = `kept stopped: ${stopped.join(', ')} (\`orch start ${stopped[0]}\` undoes it)`;
  const ended = unfollowed ? [`${unfollowed} is not followed any more (\`orch up --follow ${unfollowed}\` does)`] : [];
  return [...(stopped.length > 0 ? [kept] : []), ...ended, ...holdLines(config)].map((note) => `\n${note}`).join('');
}

/** The services of this `up` if all of them run to completion: `up` then ends with them. Else null. */
function taskNamesOf({ config }: AcceptedConfig, names: string[]): string[] | null {
  const wanted = new Set<string>();
  const add = (name: string) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    const service = config.services.find((one) => one.name === name);
    for (const dependency of service?.dependsOn ?? []) add(dependency.service);
  };
  for (const name of names.length > 0 ? names : config.services.map((service) => service.name)) add(name);
  const services = config.services.filter(
    ({ name, enabled, pool, start }) =>
      wanted.has(name) && enabled && pool > 0 && (start !== 'manual' || names.includes(name)),
  );
  return services.length > 0 && services.every(({ restart }) => restart.policy === 'never')
    ? services.map(({ name }) => name)
    : null;
}
