// The releases of a simulated project whose path is a link, as deployments leave them.
import type { FileTree } from './machine/files.ts';

export class Releases {
  #files: FileTree;
  #root: string;
  #count = 0;

  /** @param root path of the project */
  constructor(files: FileTree, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** The path of the project leads to a new directory, in which this is its file. */
  deploy(text: string): void {
    const directory = `/releases${this.#root}.${++this.#count}`;
    this.#files.makeDirectory(directory);
    this.#files.put(`${directory}/procs.yaml`, text);
    this.#files.link(this.#root, directory);
  }
}
