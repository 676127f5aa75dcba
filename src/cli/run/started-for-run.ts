// What `orch run` starts for its program: the services that it depends on, and a supervisor if none runs.
import type { Client } from '../../api/client.ts';
import type { ProjectPaths } from '../../api/paths.ts';
import { withDependencies } from '../../core/desired.ts';
import type { ProjectConfig, ServiceSpec } from '../../core/spec.ts';
import type { CliContext, ExitCode } from '../context/context.ts';
import { Interrupts } from '../up/interrupts.ts';

export type StartedForRun = {
  client: Client;
  /** Services that did not run before. */
  services: string[];
  /** Stops them, and the supervisor if nothing else runs. */
  takeDown(): Promise<void>;
  release(): void;
};

/** Of a shell, for SIGINT. */
const INTERRUPTED = 130;

export type RunPlace = {
  client: Client | null;
  paths: ProjectPaths;
  /** Whether what was started is stopped afterwards. */
  timeoutMs: number | null;
  isTemporary: boolean;
};

/** @returns an exit code after printing why it failed. Throws ClientErrors. */
export async function startNeeded(
  context: CliContext,
  { client: running, paths, timeoutMs, isTemporary }: RunPlace,
  spec: ServiceSpec,
): Promise<StartedForRun | ExitCode> {
  const needed = spec.dependsOn.map(({ service }) => service as string);
  let client = running;
  let all: string[] = [];
  if (!client) {
    const { bringUp } = await import('../up/bring-up.ts');
    const brought = await bringUp(context, paths, { only: needed, maySwitch: false });
    if (typeof brought === 'number') return brought;
    client = brought.client;
    if (brought.owning) all = inFileOrder(needed, brought.accepted.config);
  }
  const isOwn = client !== running;
  const own = client;
  const release = (): void => {
    if (isOwn) own.close();
  };
  const interrupts = new Interrupts();
  try {
    const starting = own.request('startDependencies', { service: spec.name, timeoutMs });
    const result = await Promise.race([starting, interrupts.next().then(() => null)]);
    starting.catch(() => undefined); // interrupted: closing the connection ends the request
    const services = all.length > 0 ? all : (result?.started ?? []);
    const started = {
      client: own,
      services,
      takeDown: () => takeDownStarted(context, { client: own, paths }, services),
      release,
    };
    if (result !== null) return started;
    if (isTemporary) await started.takeDown();
    release();
    return INTERRUPTED;
  } catch (error) {
    release();
    throw error;
  } finally {
    interrupts.stop();
  }
}

function inFileOrder(names: string[], { services }: ProjectConfig): string[] {
  const needed = withDependencies(names, services);
  return services.map(({ name }) => name).filter((name) => needed.has(name));
}

/** Others may have started more of the project meanwhile: only what was started here is stopped. */
async function takeDownStarted(
  context: CliContext,
  target: { client: Client; paths: ProjectPaths },
  services: string[],
): Promise<void> {
  const { client } = target;
  if (services.length > 0) await client.request('stop', { names: services });
  const status = await client.request('status', {});
  if (status.services.some(({ running }) => running > 0)) return;
  const { takeDown } = await import('../up/take-down.ts');
  await takeDown(target, { ...context, json: false, stdout: context.stderr }, null);
}
