// How the supervisor reads the configuration again: edits of a few services by itself, the rest in a process of its own.
import { ChildLoader, type ConfigLoader, type ConfigLoaderOptions } from './child-loader.ts';
import { EditLoader } from './edit-loader.ts';

/** @param optionsNow called at each load: the environment may have changed */
export function createConfigLoader(optionsNow: () => ConfigLoaderOptions): ConfigLoader {
  return new EditLoader(new ChildLoader(optionsNow), optionsNow);
}
