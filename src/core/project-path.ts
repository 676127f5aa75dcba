// By which path a project is known, and where it keeps its state. Pure.

/** The file that needs no `-f`. */
const USUAL_FILE = /^(.*)[\\/]procs\.yaml$/s;

/**
 * @param file absolute, as it was given: links are not resolved
 * @returns the directory of a procs.yaml; of every other file its own path: it is another project
 */
export function projectPathOf(file: string): string {
  const directory = USUAL_FILE.exec(file)?.[1];
  return directory === '' ? '/' : (directory ?? file);
}

/**
 * @param file absolute
 * @returns the state directory, relative to that of the file: a project of another file has one below `.orch`
 */
export function defaultStateDir(file: string): string {
  return USUAL_FILE.test(file) ? '.orch' : `.orch/files/${/[^\\/]*$/.exec(file)![0]}`;
}
