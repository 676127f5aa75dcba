// Tells which files below a directory were created, changed or removed, of those that match globs. Symbolic links are not
// followed; `.git`, `.orch` and `node_modules` are left out unless a glob names them.
import { relative, resolve, sep } from 'node:path';

export type GlobWatchOptions = {
  /** Globs with `/`, relative to `root`. */
  paths: readonly string[];
  ignore: readonly string[];
  /** @param path relative to `root`, with `/` */
  onChange(path: string): void;
  /** Some of it cannot be watched; may come several times. */
  onFailure(why: string): void;
};
export type GlobWatch = {
  /** Resolves when every change from then on is seen. */
  ready: Promise<void>;
  close(): Promise<void>;
};

const DEFAULT_IGNORED = ['.git', '.orch', 'node_modules'];

export function watchGlobs(root: string, options: GlobWatchOptions): GlobWatch {
  let isClosed = false;
  const opening = open(root, options, () => isClosed);
  return {
    ready: opening.then(({ ready }) => ready),
    close: async () => {
      isClosed = true;
      await (await opening).watcher.close();
    },
  };
}

/** Loaded only now: a project that watches nothing pays nothing. */
async function open(root: string, { paths, ignore, onChange, onFailure }: GlobWatchOptions, isClosed: () => boolean) {
  const [{ watch }, { default: picomatch }] = await Promise.all([import('chokidar'), import('picomatch')]);
  const globs = { dot: true, posixSlashes: true };
  const isWanted = picomatch([...paths], globs);
  const isIgnored = picomatch([...ignore], globs);
  const leftOut = DEFAULT_IGNORED.filter((name) => !paths.some((path) => path.split('/').includes(name)));
  const bases = [...new Set(paths.map((path) => resolve(root, picomatch.scan(path).base)))];
  const named = (path: string): string => relative(root, path).replaceAll(sep, '/');
  const watcher = watch(bases, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) => {
      const name = named(path);
      return name.split('/').some((part) => leftOut.includes(part)) || (name !== '' && isIgnored(name));
    },
  });
  watcher.on('all', (event, path) => {
    const name = named(path);
    if (!isClosed() && !event.endsWith('Dir') && isWanted(name)) onChange(name);
  });
  watcher.on('error', (error) => onFailure(error instanceof Error ? error.message : String(error)));
  const ready = new Promise<void>((done) => watcher.on('ready', () => done()));
  return { watcher, ready };
}
