// The history in the view, through the built command and at every size: it follows edits, and rolls back.
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { KEY, SIZES } from '../rig/terminal.ts';

const stack = `
name: shop
services:
  api: { command: [sleep, "1000"] }
`;

test.each(SIZES)(
  'the history follows an edit, and rolls back to the generation before it at $cols×$rows',
  async (size) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d', '--wait']);
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/api +● ready/);
    terminal.type('H');
    await terminal.waitForText(/▌ ● 1 .*up .*1 service/);
    project.write('procs.yaml', stack.replace('"1000"', '"2000"'));
    await terminal.waitForText(/● 2 .*edit .*1 change/);
    await terminal.waitForText(/▌ ● 2 /);
    await project.mustOrch(['wait']);
    const before = incarnations(project.instances());
    terminal.type('j');
    await terminal.waitForText(/▌ {3}1 /);
    terminal.type(KEY.enter);
    await terminal.waitForText('put the configuration of generation 1 in force again?');
    terminal.type('y');
    await terminal.waitForText(/● 3 /);
    await terminal.waitForText(/── generations {2}rolled back to 1/);
    await project.mustOrch(['wait']);
    expect(incarnations(project.instances())['api.1']).not.toBe(before['api.1']);
    expect(project.instances()).toHaveLength(1);
    terminal.type('H');
    await terminal.waitForText('NAME');
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
