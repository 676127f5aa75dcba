// `orch history`: the generations of the project; works without a supervisor.
import { readFileSync } from 'node:fs';
import { historyFile } from '../../api/paths.ts';
import type { GenerationRecord } from '../../api/protocol-edits.ts';
import { painter } from '../../terminal/colour.ts';
import { escapeControls } from '../../terminal/sanitize.ts';
import { renderTable, type TextColumn } from '../../terminal/table.ts';
import { type CliContext, type ExitCode, tableWidth } from '../context/context.ts';
import type { CommandDefinition } from '../context/definition.ts';
import { fail } from '../context/errors.ts';
import { failRequest, noSupervisorError, openProject } from '../context/running-project.ts';

type HistoryOptions = { limit?: number };

export const historyCommand: CommandDefinition<HistoryOptions> = {
  name: 'history',
  group: 'Look',
  summary: 'list the generations: when, by what, from which commit, and what each did',
  details: [
    'A generation is a configuration that was accepted. The last 100 are kept, also over `orch down`. COMMIT is the commit',
    'that has exactly the files of the generation, if it was committed by then.',
  ].join(' '),
  arguments: [],
  options: [{ flags: '-n, --limit <count>', description: 'show at most COUNT, the newest', value: { kind: 'count' } }],
  examples: [
    ['orch history -n 10', 'the last ten'],
    ['orch history --json', 'for programs'],
  ],
  run: runHistory,
};

async function runHistory(context: CliContext, { limit }: HistoryOptions): Promise<ExitCode> {
  try {
    const { paths, client } = await openProject(context);
    const running = client && (await client.request('history', {}));
    client?.close();
    const all = running?.generations ?? (paths ? readRecords(historyFile(paths)) : []);
    if (!running && all.length === 0) return fail(context, noSupervisorError(context));
    const generations = limit === undefined ? all : all.slice(Math.max(0, all.length - limit));
    const current = running?.current ?? null;
    const text = context.json ? JSON.stringify({ current, generations }) : table(context, generations, current);
    context.stdout.write(`${text}\n`);
    return 0;
  } catch (error) {
    return failRequest(context, error);
  }
}

function readRecords(path: string): GenerationRecord[] {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { generations?: GenerationRecord[] }).generations ?? [];
  } catch {
    return []; // none was written
  }
}

const COLUMNS: TextColumn[] = [
  { title: 'GENERATION', align: 'right' },
  ...['WHEN', 'BY', 'ENV', 'COMMIT', 'PLAN'].map((title) => ({ title })),
];
const SHOWN_DIGITS = 10;

function table(context: CliContext, generations: GenerationRecord[], current: number | null): string {
  const rows = generations.map(({ generation, at, by, env, commit, summary, to }) => [
    { text: String(generation), colour: generation === current ? ('bold' as const) : null },
    { text: new Date(at).toLocaleString('sv') },
    { text: to === undefined ? by : `${by} to ${to}` },
    { text: escapeControls(env ?? '') },
    { text: commit?.slice(0, SHOWN_DIGITS) ?? '' },
    { text: escapeControls(summary) },
  ]);
  return renderTable(COLUMNS, rows, painter(context.colour), tableWidth(context)).join('\n');
}
