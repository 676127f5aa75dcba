// What the rules of a service need from the rest of its compose file.
import type { ImportContext } from '../model/import-context.ts';
import type { SourceNode } from '../source/source-node.ts';

export type ComposeFile = {
  file: string;
  root: SourceNode;
  /** Variables of `.env`. */
  known: ReadonlySet<string>;
  context: ImportContext;
  /** Of all services. */
  names: ReadonlySet<string>;
  /** Name of a secret -> its file here. */
  secretFiles: ReadonlyMap<string, string>;
};
