// Every way in which a program tries to outlive its stop: the tree is empty within the grace period + 2 s (I9), after `stop`
// and after `down`, which says meanwhile who holds it up.
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';
import { slowness } from './slowness.ts';

const GRACE_MS = 300;
const BEYOND_MS = 2_000;

const ESCAPES: Record<string, string> = {
  'starts a session of its own': 'setsid sleep 1000 & exec sleep 1000',
  'forks twice': '(setsid sh -c "sleep 1000 & exit" &) ; exec sleep 1000',
  'ignores TERM': 'trap "" TERM; while :; do sleep 1000; done',
  'has members that ignore TERM': 'sh -c \'trap "" TERM; while :; do sleep 1000; done\' & exec sleep 1000',
  'stops itself': 'kill -STOP $$; sleep 1000',
  'respawns its helpers': 'trap "" TERM; while :; do sleep 1000 & wait $!; done',
  'ends first and leaves one that ignores TERM':
    '(trap "" TERM; while :; do sleep 1000; done) & trap "exit 0" TERM; while :; do sleep 0.05; done',
  'leaves one that holds its output': 'setsid sh -c "while :; do echo on; sleep 0.1; done" & trap "exit 0" TERM; wait',
  'closes its output': 'exec >&- 2>&-; exec sleep 1000',
  'forks while it is being killed': 'trap "for n in 1 2 3; do sleep 1000 & done" TERM; while :; do sleep 0.05; done',
  'clears its environment': 'env -i /bin/sleep 1000 & sleep 0.1; exec sleep 1000',
};

test.for(Object.entries(ESCAPES))('a program that %s is ended by stop and by down', async ([, line]) => {
  const yaml = `services:\n  a: { command: [sh, escape.sh], stop: { grace: ${GRACE_MS}ms } }\n`;
  const project = createProject({ 'procs.yaml': yaml, 'escape.sh': `${line}\n` });
  const boundMs = (GRACE_MS + BEYOND_MS) * (await slowness());
  const living = () => project.processes().filter(({ command }) => !/node|supervisor|log-writer/.test(command));
  await project.mustOrch(['up', '-d']);
  for (const command of [['stop', 'a'], ['down']]) {
    await waitFor('it runs', living, (seen) => seen.length > 0);
    const { durationMs } = await project.mustOrch(command);
    expect(living(), command.join(' ')).toEqual([]);
    expect(durationMs, command.join(' ')).toBeLessThan(boundMs);
    if (command[0] === 'stop') await project.mustOrch(['start', 'a']);
  }
});

test('down names who holds it up while it waits', async () => {
  const yaml = 'services:\n  slow: { command: [sh, escape.sh], stop: { grace: 1500ms } }\n';
  const project = createProject({ 'procs.yaml': yaml, 'escape.sh': `${ESCAPES['ignores TERM']}\n` });
  await project.up();
  const down = await project.down();
  expect(down.stderr).toContain('slow.1');
  expect(project.processes()).toEqual([]);
});
