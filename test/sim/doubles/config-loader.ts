// Loads the simulated procs.yaml as the real reader would: in another process, which takes its time, may find the file
// wanting, and may never answer.
import type { LoadResult } from '../../../src/core/load-result.ts';
import type { ConfigLoader, ConfigLoaderOptions } from '../../../src/supervisor/config/child-loader.ts';
import { loadSimulated } from '../project-file.ts';
import { shellOf } from '../shell.ts';

export type { ConfigLoader, ConfigLoaderOptions } from '../../../src/supervisor/config/child-loader.ts';

const DEADLINE_MS = 10_000;

export function createConfigLoader(settings: () => ConfigLoaderOptions): ConfigLoader {
  const { guest, machine } = bridge;
  return {
    warmUp: () => undefined,
    close: async () => undefined,
    load: () =>
      new Promise<LoadResult>((resolve) => {
        guest.later(machine.chance.between(5, 40), () => {
          const { file, env, environment } = settings();
          const result = loadSimulated(machine.files, file, shellOf(environment, env));
          if (result !== 'hangs') return resolve(result);
          guest.later(DEADLINE_MS, () => resolve({ ok: false, problems: [], watched: [] }));
        });
      }),
  };
}
