// The table of the view, through the built command and at every size: order, groups, folded pools.
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  web: { command: [sleep, "1000"] }
  worker: { command: [sleep, "1000"], pool: 20, tags: [jobs] }
  api: { command: [sleep, "1000"], tags: [backend] }
  db: { command: [sleep, "1000"], tags: [backend] }
`;
const NAMES = /(?:tag:)?\b(?:web|worker|api|db|backend|jobs|no tag)\b(?= |$)/;

test.each([
  { cols: 80, rows: 24, dots: true },
  { cols: 120, rows: 40, dots: true },
  { cols: 200, rows: 50, dots: true },
  { cols: 60, rows: 15, dots: false },
])(
  'sorts, groups, shows pools as dots, and acts on a group at $cols×$rows',
  async ({ dots, ...size }) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d', '--wait']);
    const terminal = project.terminal(['attach'], size);
    /** The names in the column of names, from the head of the table to the output. */
    const order = () => {
      const rows = terminal.screen().split('\n');
      const table = rows.slice(rows.findIndex((row) => row.includes('NAME')) + 1).filter((row) => /^[▌ ] /.test(row));
      return table.map((row) => NAMES.exec(row.slice(2, 18))?.[0] ?? '').filter((name) => name !== '');
    };
    const shows = (what: string, wanted: string[]) =>
      waitFor(what, order, (now) => JSON.stringify(now.slice(0, wanted.length)) === JSON.stringify(wanted));
    await terminal.waitForText(/worker ×20 +● ready 20\/20/);
    await shows('the order of the file', ['web', 'worker', 'api', 'db']);
    if (dots) await terminal.waitForText(/ready 20\/20 +●{20} /);
    terminal.type('o');
    await terminal.waitForText('NAME▲');
    await shows('by name', ['api', 'db', 'web', 'worker']);
    terminal.type('O');
    await terminal.waitForText('NAME▼');
    await shows('the other way round', ['worker', 'web', 'db', 'api']);
    terminal.type('ooooooooo'); // through all the others
    await shows('the order of the file again', ['web', 'worker', 'api', 'db']);
    terminal.type('T');
    await shows('in groups', ['tag:backend', 'api', 'db', 'tag:jobs', 'worker', 'no tag', 'web']);
    const before = incarnations(project.instances());
    terminal.type('gr');
    await terminal.waitForText('restart all 2 instances of tag:backend?');
    terminal.type('y');
    await waitFor(
      'api and db are restarted',
      () => incarnations(project.instances()),
      (now) => ['api.1', 'db.1'].every((id) => now[id] !== undefined && now[id] !== before[id]),
    );
    const now = incarnations(project.instances());
    for (const id of ['web.1', 'worker.1', 'worker.20']) expect(now[id]).toBe(before[id]);
    terminal.type('T');
    await shows('the order of the file', ['web', 'worker', 'api', 'db']);
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
