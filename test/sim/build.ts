// Bundles the code of a simulated process: the real supervisor, with doubles where it meets the machine. A planted bug is
// a replacement in one source text, made on the way into the bundle; the working tree is never touched.
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

export type SourcePatch = {
  /** Below `src/`. */
  file: string;
  find: string;
  replace: string;
};

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const SOURCE_DIRECTORY = here('../../src/');
const DOUBLES_DIRECTORY = here('./doubles/');

/** Below `src/` -> below `doubles/`. A double may import the real one. */
const DOUBLES: Record<string, string> = {
  'core/transition.ts': 'transition.ts',
  'logs/log-writer-client.ts': 'log-writer.ts',
  'os/fifo.ts': 'fifo.ts',
  'os/lock/lock.ts': 'lock.ts',
  'os/sockets/free-ports.ts': 'free-ports.ts',
  'os/watch/watch-files.ts': 'watch.ts',
  'os/watch/watch-globs.ts': 'watch-globs.ts',
  'os/probe/connect.ts': 'connect.ts',
  'os/probe/exec.ts': 'exec.ts',
  'os/probe/http.ts': 'http.ts',
  'os/sockets/listeners.ts': 'listeners.ts',
  'os/sockets/socket-holders.ts': 'socket-holders.ts',
  'supervisor/config/commit-follower.ts': 'commit-follower.ts',
  'supervisor/config/config-loader.ts': 'config-loader.ts',
  'supervisor/config/history-file.ts': 'history-file.ts',
  'supervisor/kernel/event-log.ts': 'event-log.ts',
  'supervisor/kernel/kernel.ts': 'kernel.ts',
  'supervisor/api/api-server.ts': 'server.ts',
};

/** @returns the text of a CommonJS module. Throws where a patch does not apply exactly once. */
export async function bundleGuest(patches: readonly SourcePatch[] = []): Promise<string> {
  const result = await build({
    entryPoints: [here('./guest.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20.19',
    format: 'cjs',
    logLevel: 'error',
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [doubles, ...(patches.length > 0 ? [planted(patches)] : [])],
  });
  return result.outputFiles[0]!.text;
}

const doubles: Plugin = {
  name: 'doubles',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === 'resolving' || importer.startsWith(DOUBLES_DIRECTORY)) return null;
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolving' });
      if (!found.path.startsWith(SOURCE_DIRECTORY)) return found;
      const double = DOUBLES[found.path.slice(SOURCE_DIRECTORY.length)];
      return double ? { path: `${DOUBLES_DIRECTORY}${double}` } : found;
    });
  },
};

function planted(patches: readonly SourcePatch[]): Plugin {
  return {
    name: 'planted bugs',
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const mine = patches.filter(({ file }) => path === `${SOURCE_DIRECTORY}${file}`);
        if (mine.length === 0) return null;
        const { readFile } = await import('node:fs/promises');
        let text = await readFile(path, 'utf8');
        for (const patch of mine) text = applyPatch(text, patch);
        return { contents: text, loader: 'ts' };
      });
    },
  };
}

/** Throws where the text to replace is not there exactly once: the source has moved on. */
export function applyPatch(text: string, { file, find, replace }: SourcePatch): string {
  const [before, after, more] = text.split(find);
  if (before === undefined || after === undefined || more !== undefined) {
    throw new Error(`src/${file} does not hold this text exactly once:\n${find}`);
  }
  return before + replace + after;
}
