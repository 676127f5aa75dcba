// A draft -> a commented procs.yaml. Pure.
import { printText } from '../../config/print-yaml.ts';
import type { Draft, DraftService } from './draft.ts';

/** @param schema path for editors, relative to the file; null: unknown */
export function printDraft(name: string, draft: Draft, schema: string | null): string {
  const lines = [
    ...(schema ? [`# yaml-language-server: $schema=${schema}`] : []),
    `# What \`orch up\` runs${draft.from ? `; made from ${draft.from}` : ''}. Edit and save it while orch runs: only what you changed is touched.`,
    '# `orch validate` checks it, `orch config --explain` shows the result; every key: docs/reference/procs-yaml.md of orch.',
    `name: ${printText(name)}`,
    ...(draft.envFiles.length > 0 ? ['', `env_files: ${printList(draft.envFiles)}`] : []),
    ...draft.notTakenOver.flatMap((sentence, index) => [
      ...(index === 0 ? ['', '# Not taken over:'] : []),
      `# - ${oneLine(sentence)}`,
    ]),
    '',
    draft.services.length > 0 ? 'services:' : 'services: {}',
    ...draft.services.flatMap((service, index) => [...(index > 0 ? [''] : []), ...serviceLines(service)]),
    '',
    ...HINTS,
  ];
  return `${lines.join('\n')}\n`;
}

function serviceLines(service: DraftService): string[] {
  const { command, cwd, env, envFiles, port, pool, dependsOn, restart, stop } = service;
  const lines = [`  ${service.name}:`, ...service.notes.map((note) => `    # ${oneLine(note)}`)];
  lines.push(`    command: ${typeof command === 'string' ? printText(command) : printList(command)}`);
  if (cwd) lines.push(`    cwd: ${printText(cwd)}`);
  if (pool !== undefined) lines.push(`    pool: ${pool}`);
  if (port !== undefined) lines.push(`    port: ${port}  # or auto: a free port in each checkout`);
  if (envFiles) lines.push(`    env_files: ${printList(envFiles)}`);
  if (env)
    lines.push(
      '    env:',
      ...Object.entries(env).map(([name, value]) => `      ${printText(name)}: ${JSON.stringify(value)}`),
    );
  if (dependsOn) lines.push(`    depends_on: ${printMap(dependsOn)}`);
  if (restart) lines.push(`    restart: ${restart}`);
  if (stop) lines.push(`    stop: ${printMap(stop)}`);
  return lines;
}

const HINTS = [
  '# More keys of a service, with their defaults:',
  '#   pool: 1                # identical copies, each with ORCH_INSTANCE = 1, 2, …',
  '#   port: auto             # PORT is a free port, kept over restarts; 8000: PORT = 8000 + instance - 1',
  '#   singleton: true        # at most one alive, over all supervisors and crashes',
  '#   restart: on_failure    # always | on_failure | never (a task)',
  '#   depends_on: { db: started }',
  '#   stop: { signal: SIGTERM, grace: 10s }',
];

const oneLine = (text: string): string => text.replace(/\s+/g, ' ');
const printList = (words: string[]): string => `[${words.map(printText).join(', ')}]`;
const printMap = (map: Record<string, string | undefined>): string => {
  const pairs = Object.entries(map).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `{ ${pairs.map(([key, value]) => `${key}: ${printText(value)}`).join(', ')} }`;
};
