// The dependency graph in the view, through the built command and at every size.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { KEY, SIZES } from '../rig/terminal.ts';
import { waitFor } from '../rig/wait-for.ts';

const stack = `
name: shop
services:
  web: { command: [sleep, "1000"], depends_on: { api: ready } }
  api:
    command: [sleep, "1000"]
    depends_on: { db: started }
    readiness: { exec: [test, -e, api-is-ready] }
  db: { command: [sleep, "1000"] }
`;

test.each(SIZES)(
  'the graph shows what waits for what, follows the states, and narrows to one service at $cols×$rows',
  async (size) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d']);
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/web +◌ waiting/);
    terminal.type('D');
    await terminal.waitForText(/dependencies {2}1 with an unmet condition/);
    await terminal.waitForText(/● db +ready/);
    await terminal.waitForText(/└─ ◑ api +running +✓ once db is started/);
    await terminal.waitForText(/└─ ◌ web +waiting +◌ once api is ready/);
    terminal.type('jj');
    await terminal.waitForText(/▌ +└─ ◌ web/);
    terminal.type(KEY.enter);
    await terminal.waitForText(/dependencies of web/);
    await terminal.waitForText(/waits for\s+└─ ◑ api +running/);
    const { services } = await project.ps();
    expect(services.map(({ dependsOn }) => dependsOn)).toEqual([
      [{ service: 'api', condition: 'ready', met: false }],
      [{ service: 'db', condition: 'started', met: true }],
      [],
    ]);
    project.write('api-is-ready', '');
    await terminal.waitForText(/▌ ● web +ready/);
    await terminal.waitForText(/└─ ● api +ready +✓ once api is ready/);
    terminal.type(KEY.escape);
    await terminal.waitForText(/dependencies ─/);
    terminal.type('?');
    await terminal.waitForText('── keys');
    terminal.type('q');
    await terminal.waitForText(/▌ +└─ ● web/);
    terminal.type('q');
    await waitFor('the table is back', terminal.screen, (seen) => seen.includes('NAME') && seen.includes('web'));
    terminal.type(':dependenc');
    await terminal.waitForText(/▌ dependencies: what waits for what/);
    terminal.type(KEY.enter);
    await terminal.waitForText(/▌ ● web +ready|▌ +└─ ● web|▌ ● db/);
    terminal.type('D');
    await terminal.waitForText('NAME');
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
