// Where a service is written: what the view opens in the editor of its user.
import { dirname, resolve } from 'node:path';
import type { Client } from '../../api/client.ts';
import type { FilePlace } from '../../core/load-result.ts';
import { type DetailsContext, readTree } from './configured.ts';

/** With an absolute path. While a file cannot be read as YAML, that is where; without the service, the first line. */
export async function findServicePlace(context: DetailsContext, client: Client, service: string): Promise<FilePlace> {
  const { merged, problems, file } = await readTree(context, client);
  const { descend } = await import('../../config/tree/tree.ts');
  const entry = merged && descend(merged, ['services', service]).entry;
  if (entry?.key === service) {
    const { source, start } = entry.keyAt;
    return { file: source.path, ...source.locate(start) };
  }
  const error = merged ? undefined : problems.find(({ severity }) => severity === 'error');
  if (error === undefined) return { file, line: 1, column: 1 };
  return { file: resolve(dirname(file), error.file), line: error.line ?? 1, column: error.column ?? 1 };
}
