// Exports configurations from memory.
import { exportProject } from '../../src/export/export-project.ts';
import type { ExportTool } from '../../src/export/export-tools.ts';
import { importFiles } from '../../src/import/import-files.ts';
import { type Files, loadWithTree } from '../config/loading.ts';

type Options = { environment?: Record<string, string>; images?: Record<string, string> };

/** A program is found in /bin. */
export async function exported(tool: ExportTool, files: Files, { environment = {}, images = {} }: Options = {}) {
  const { built, problems } = await loadWithTree(files, { environment: { HOME: '/h', PATH: '/bin', ...environment } });
  if (!built) throw new Error(JSON.stringify(problems));
  const result = exportProject(tool, built, {
    directory: built.config.root,
    findProgram: (name) => (name.includes('/') ? name : `/bin/${name}`),
    images,
  });
  return { ...result, config: built.config };
}

export async function importedAgain(files: Record<string, string>): Promise<string> {
  const result = await importFiles({
    inputs: Object.entries(files).map(([file, text]) => ({ file, text })),
    format: null,
    read: () => null,
    list: () => [],
    evaluate: () => Promise.reject(new Error('no script is evaluated')),
    schema: null,
  });
  return result.files['procs.yaml']!;
}
