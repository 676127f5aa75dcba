// A linear look at the text before the YAML parser sees it.
import type { Problem } from '../../core/model.ts';
import type { SourceFile } from '../files/source-file.ts';

export function prescan(_source: SourceFile): Problem[] {
  return [];
}
