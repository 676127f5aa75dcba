// The text of a first procs.yaml: with comments about the file itself, and about what was not taken over.
import { printProject } from '../../import/output/print-project.ts';
import { toServiceName } from '../../import/text/names.ts';
import type { DetectedProject } from './detected-project.ts';

/** @param name of the directory. @param schema path for editors, relative to the file; null: unknown */
export function printFirstFile(
  name: string,
  { project, from, notTakenOver }: DetectedProject,
  schema: string | null,
): string {
  if (project.keys.name === undefined) project.set('name', toServiceName(name));
  for (const service of project.services)
    if (typeof service.keys.port === 'number') service.keyNotes.port = 'or auto: a free port in each checkout';
  const lost = notTakenOver.map((sentence) => `- ${sentence.replace(/\s+/g, ' ')}`);
  return printProject(project, {
    lines: [
      ...(schema ? [`yaml-language-server: $schema=${schema}`] : []),
      `What \`orch up\` runs${from ? `; made from ${from}` : ''}. Edit and save it while orch runs: only what you changed is touched.`,
      '`orch validate` checks it, `orch config --explain` shows the result; every key: docs/reference/procs-yaml.md of orch.',
      ...(lost.length > 0 ? ['', 'Not taken over:', ...lost] : []),
    ],
    closing: HINTS,
  });
}

const HINTS = [
  'More keys of a service, with their defaults:',
  '  pool: 1                # identical copies, each with ORCH_INSTANCE = 1, 2, …',
  '  port: auto             # PORT is a free port, kept over restarts; 8000: PORT = 8000 + instance - 1',
  '  singleton: true        # at most one alive, over all supervisors and crashes',
  '  restart: on_failure    # always | on_failure | never (a task)',
  '  depends_on: { db: started }',
  '  stop: { signal: SIGTERM, grace: 10s }',
];
