// Errors of the yaml library -> Problems in our words.
import type { YAMLError } from 'yaml';
import type { Problem } from '../../core/model.ts';
import { type SourceFile, spanAt } from '../files/source-file.ts';
import { problemAt } from '../problem.ts';

export function explainYamlError(error: YAMLError, source: SourceFile): Problem {
  const [start, end] = error.pos;
  return problemAt(spanAt(source, start, end), { code: 'syntax', message: error.message });
}
