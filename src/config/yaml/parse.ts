// One YAML file -> tree and problems. Looks at the text first (prescan, depth), so that nothing hostile reaches the full
// library, which is loaded only where the text needs it.
import type { SourceFile } from '../files/source-file.ts';
import { measureDepth } from './depth.ts';
import type { FileRole, ParsedFile } from './full-yaml.ts';
import { readPlainYaml } from './plain-yaml.ts';
import { prescan } from './prescan.ts';

export type { FileRole, ParsedFile } from './full-yaml.ts';

/** @returns the file's map; null when it has none or is no valid YAML, then there is at least one problem. */
export async function parseYaml(source: SourceFile, role: FileRole = 'base'): Promise<ParsedFile> {
  const problems = prescan(source);
  if (problems.length > 0) return { tree: null, problems };
  const tree = readPlainYaml(source);
  if (tree) return { tree, problems };
  const tooDeep = measureDepth(source);
  if (tooDeep.length > 0) return { tree: null, problems: tooDeep };
  const { parseWithLibrary } = await import('./full-yaml.ts');
  return parseWithLibrary(source, role);
}
