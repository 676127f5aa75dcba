// The plain `orch up`: its supervisor starts while Node still loads the command. What the command finds out later decides: a
// supervisor that gets no configuration has touched nothing.
import { existsSync } from 'node:fs';
import { type ProjectPaths, pathsOfFile } from '../../api/paths.ts';
import type { CliContext } from '../context/context.ts';
import { launchSupervisor, type SupervisorLaunch } from './launch-supervisor.ts';

export type EarlyLaunch = {
  /** @returns null: it is for another project, or was taken before */
  take(paths: ProjectPaths): SupervisorLaunch | null;
  /** Ends a supervisor that was not taken. */
  abandon(): Promise<void>;
};

const BACKGROUND = ['-d', '--detach', '--wait'];
/** With these words only, the place of the project decides what is started. */
const PLAIN = new Set(['up', ...BACKGROUND, '--yes', '--no-tui', '--no-color']);

/** @returns null: the line says more, the file is missing, or a supervisor may be running */
export function launchEarly(
  argv: readonly string[],
  context: Pick<CliContext, 'file' | 'env' | 'stateDir' | 'environment'>,
  launcher = launchSupervisor,
): EarlyLaunch | null {
  const { file, env, stateDir, environment } = context;
  const paths = pathsOfFile(file, stateDir);
  if (!argv.every((word) => PLAIN.has(word)) || stateDir !== null || paths.path !== paths.root) return null;
  if (!existsSync(file) || existsSync(paths.socket)) return null;
  const owned = !argv.some((word) => BACKGROUND.includes(word));
  let launch: SupervisorLaunch | null = launcher({ paths, file, env, environment, owned });
  const take = (): SupervisorLaunch | null => {
    const taken = launch;
    launch = null;
    return taken;
  };
  return {
    take: (wanted) => (wanted.socket === paths.socket && wanted.root === paths.root ? take() : null),
    abandon: async () => take()?.abandon(),
  };
}
