// The edit on disk in the view, through the built command and at every size: rejected, held, applied.
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { KEY, SIZES } from '../rig/terminal.ts';

const stack = `
name: shop
policy: { apply: manual }
services:
  api: { command: [sleep, "1000"] }
`;

test.each(SIZES)(
  'the edit on disk is shown while it is rejected, then held, and applied from there at $cols×$rows',
  async (size) => {
    const project = createProject({ 'procs.yaml': stack });
    await project.mustOrch(['up', '-d', '--wait']);
    const before = incarnations(project.instances());
    const terminal = project.terminal(['attach'], size);
    await terminal.waitForText(/api +● ready/);
    terminal.type('p');
    await terminal.waitForText(/the files on disk {2}applied/);
    project.write('procs.yaml', stack.replace('command:', 'comand:'));
    await terminal.waitForText(/the files on disk {2}rejected/);
    await terminal.waitForText(/error procs\.yaml:5:10/);
    await terminal.waitForText(/5 \| +api: \{ comand: .*\n.*\| +\^{6}/);
    terminal.type('q');
    await terminal.waitForText(/p the edit/);
    project.write('procs.yaml', stack.replace('"1000"', '"2000"'));
    await terminal.waitForText(/edit on disk is held/);
    terminal.type('p');
    await terminal.waitForText(/~ api {2}restart api\.1/);
    await terminal.waitForText(/→ .*2000/);
    expect(incarnations(project.instances())).toEqual(before);
    terminal.type(KEY.enter);
    await terminal.waitForText(/apply the edit on disk/);
    terminal.type('y');
    await terminal.waitForText(/the files on disk {2}applied/);
    await terminal.waitForText(/They are what runs: generation 2\./);
    expect(incarnations(project.instances())['api.1']).not.toBe(before['api.1']);
    terminal.type(KEY.escape);
    await terminal.waitForText('NAME');
    terminal.type('q');
    expect((await terminal.waitForExit()).exitCode).toBe(0);
    await project.down();
  },
  60_000,
);
