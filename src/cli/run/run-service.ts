// `orch run`: what a service needs is started first, by the supervisor; then its program runs here, once.
import { type Client, connect } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import { usesMessages } from '../../core/ipc-messages.ts';
import type { AcceptedConfig } from '../../core/load-result.ts';
import type { ServiceSpec } from '../../core/spec.ts';
import { inheritedVariables, type LaunchContext } from '../../launch/environment.ts';
import { claimForRun, type RunLease } from '../../launch/run-lease.ts';
import { type AppliedEnvironment, appliedEnvironment } from '../context/applied-environment.ts';
import { checkServiceNames, printProblems } from '../context/configuration.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { fail } from '../context/errors.ts';
import { checkProject, failRequest, locateProject } from '../context/running-project.ts';
import { launchProgram, type ProgramWatch } from './launch-program.ts';
import { portsForRun } from './ports-for-run.ts';
import { withArguments } from './program-arguments.ts';
import { type StartedForRun, startNeeded } from './started-for-run.ts';

export type RunOptions = { deps?: boolean; set?: Record<string, string>; timeout?: number; down?: boolean };

export async function runService(given: CliContext, options: RunOptions, [name, ...args]: string[]): Promise<ExitCode> {
  const located = await locateProject(given);
  if (!located) return fail(given, { code: 'usage', message: `the directory of ${given.file} does not exist` });
  try {
    const client = await connect(located.paths);
    try {
      if (client) await checkProject(client, located.context);
      return await new Run(located.context, located.paths, options).run(client, name!, args);
    } finally {
      client?.close();
    }
  } catch (error) {
    return failRequest(given, error);
  }
}

class Run {
  readonly #context: CliContext;
  readonly #paths: ProjectPaths;
  readonly #options: RunOptions;

  constructor(context: CliContext, paths: ProjectPaths, options: RunOptions) {
    this.#context = context;
    this.#paths = paths;
    this.#options = options;
  }

  async run(client: Client | null, name: string, args: string[]): Promise<ExitCode> {
    const applied = client && (await appliedEnvironment(client, this.#context.environment));
    const context = inForce(this.#context, applied);
    const accepted = await loadQuietly(context);
    if (!accepted || !checkServiceNames(context, accepted.config, [name])) return 2;
    const spec = accepted.config.services.find((service) => service.name === name)!;
    const command = withArguments(spec.command, args);
    if (command === null) return fail(context, noPlaceForArguments(name));
    const isAlone = this.#options.deps === false || spec.dependsOn.length === 0;
    if (isAlone) return this.#launch(context, client, { spec, command }, accepted);
    if (applied && applied.env !== context.env) return fail(context, otherEnvironment(applied.env, context.env));
    const started = await startNeeded(
      context,
      {
        client,
        paths: this.#paths,
        timeoutMs: this.#options.timeout ?? null,
        isTemporary: this.#options.down === true,
      },
      spec,
    );
    if (typeof started === 'number') return started;
    try {
      this.#announce(context, started, name);
      return await this.#launch(context, started.client, { spec, command }, accepted);
    } finally {
      if (this.#options.down) await started.takeDown();
      started.release();
    }
  }

  #announce({ stderr }: CliContext, { services }: StartedForRun, name: string): void {
    if (services.length === 0) return;
    const later = this.#options.down ? '' : '; `orch down` stops what runs';
    stderr.write(`started ${services.join(', ')} for ${name}${later}\n`);
  }

  async #launch(
    context: CliContext,
    client: Client | null,
    { spec, command }: Pick<ServiceSpec, 'command'> & { spec: ServiceSpec },
    { config }: AcceptedConfig,
  ): Promise<ExitCode> {
    const lease = spec.singleton ? await claimForRun(spec, this.#paths) : null;
    if (lease && 'heldBy' in lease) return fail(context, isHeld(spec.name, lease.heldBy));
    const { set = {} } = this.#options;
    const ports = await portsForRun(config, spec, { client, paths: this.#paths, set }).catch((error) => {
      lease?.release();
      throw error;
    });
    if (ports.note) context.stderr.write(`${ports.note}\n`);
    const { project, env, root } = config;
    const inherited = inheritedVariables(context.environment, this.#paths.movedStateDir);
    const launchContext: LaunchContext = { project, env, root, inherited, portOf: ports.portOf };
    // The port is chosen: the first instance may be using its own.
    const shown = spec.port === null ? spec : { ...spec, port: 'auto' as const };
    return launchProgram(
      context,
      { spec: shown, index: 1, command, set, launchContext, nonce: lease?.nonce, withChannel: usesMessages(shown) },
      lease ? holding(lease) : undefined,
    );
  }
}

const holding = (lease: RunLease): ProgramWatch => ({
  onStart: (pid) => lease.commit(pid),
  onEnd: () => lease.release(),
});

/** The environment that runs unless another one is named, and its variables under those of the caller. */
function inForce(context: CliContext, applied: AppliedEnvironment | null): CliContext {
  if (!applied) return context;
  const isNamed = context.envOption !== undefined || context.env !== null;
  const environment = { ...applied.variables, ...context.environment };
  return { ...context, env: isNamed ? context.env : applied.env, environment };
}

/** Without warnings: the output belongs to the program. */
async function loadQuietly(context: CliContext): Promise<AcceptedConfig | null> {
  const { loadConfig } = await import('../../config/load-config.ts');
  const { file, env, environment, stateDir } = context;
  const loaded = await loadConfig({ file, env, environment, stateDir });
  if (loaded.ok) return loaded.accepted;
  printProblems(context, loaded.problems);
  return null;
}

const noPlaceForArguments = (name: string) => ({
  code: 'usage',
  message: `the command of ${name} is a line of the shell that takes no arguments at its end`,
  hint: 'write `"$@"` where they belong, or make the command a list',
});

function otherEnvironment(running: string | null, named: string | null) {
  const shown = (env: string | null): string => (env === null ? 'no environment' : `the environment ${env}`);
  const message = `the project runs with ${shown(running)}, not with ${shown(named)}`;
  return { code: 'conflict', message, hint: '`--no-deps` runs the program without what it depends on' };
}

const isHeld = (name: string, because: string) => ({
  code: 'conflict',
  message: `${name} is a singleton and runs already: ${because}`,
  hint: `\`orch exec ${name} -- COMMAND\` runs another command in its place; \`orch stop ${name}\` frees the key`,
});
