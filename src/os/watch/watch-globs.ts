// Reports files below a directory that match globs and were created, changed or removed. Does not follow symbolic links;
// ignores `.git`, `.orch` and `node_modules` unless a glob names them.
import { relative, resolve, sep } from 'node:path';

export type GlobWatchOptions = {
  /** Globs with `/`, relative to `root`. */
  paths: readonly string[];
  ignore: readonly string[];
  /** @param path relative to `root`, with `/` */
  onChange(path: string): void;
  /** A part of the tree cannot be watched; may be called several times. */
  onFailure(why: string): void;
};
export type GlobWatch = {
  /** Resolves when every later change will be reported. */
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

/** Loads the libraries only now: a project without `watch` does not need them. */
async function open(root: string, { paths, ignore, onChange, onFailure }: GlobWatchOptions, isClosed: () => boolean) {
  const [{ watch }, { default: picomatch }] = await Promise.all([import('chokidar'), import('picomatch')]);
  const globs = { dot: true, posixSlashes: true };
  const isMatch = picomatch([...paths], globs);
  const isIgnored = picomatch([...ignore], globs);
  const ignoredNames = DEFAULT_IGNORED.filter((name) => !paths.some((path) => path.split('/').includes(name)));
  const bases = [...new Set(paths.map((path) => resolve(root, picomatch.scan(path).base)))];
  const nameOf = (path: string): string => relative(root, path).replaceAll(sep, '/');
  const watcher = watch(bases, {
    ignoreInitial: true,
    followSymlinks: false,
    ignored: (path) => {
      const name = nameOf(path);
      return name.split('/').some((part) => ignoredNames.includes(part)) || (name !== '' && isIgnored(name));
    },
  });
  watcher.on('all', (event, path) => {
    const name = nameOf(path);
    if (!isClosed() && !event.endsWith('Dir') && isMatch(name)) onChange(name);
  });
  watcher.on('error', (error) => onFailure(error instanceof Error ? error.message : String(error)));
  const ready = new Promise<void>((done) => watcher.on('ready', () => done()));
  return { watcher, ready };
}
