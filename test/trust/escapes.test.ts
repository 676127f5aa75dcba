// Every way in which a program tries to outlive its stop: the tree is empty within the grace period + 2 s (I9), after `stop`
// and after `down`, which meanwhile names the process that delays it.
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
  'leaves one that holds its output':
    'setsid sh -c "while :; do echo 1000; sleep 0.1; done" & trap "exit 0" TERM; wait',
  'closes its output': 'exec >&- 2>&-; exec sleep 1000',
  'forks while it is being killed': 'trap "for n in 1 2 3; do sleep 1000 & done" TERM; while :; do sleep 0.05; done',
  'clears its environment': 'env -i /bin/sleep 1000 & sleep 0.1; exec sleep 1000',
};

/** Each by a number that is found in the command line of everything that it starts to stay. */
const escapes = Object.entries(ESCAPES).map(([what, line], index) => {
  const number = String(9001 + index);
  return { what, number, script: `escape-${number}.sh`, text: `${line.replaceAll('1000', number)}\n` };
});
const services = escapes.map(({ number, script }) => `  e${number}: { command: [sh, ${script}] }\n`).join('');
const yaml = `defaults: { stop: { grace: ${GRACE_MS}ms } }\nservices:\n${services}`;

test('stop ends every kind of tree in time, and down ends them all', async () => {
  const project = createProject({
    'procs.yaml': yaml,
    ...Object.fromEntries(escapes.map(({ script, text }) => [script, text])),
  });
  const living = (number: string) => project.processes().filter(({ command }) => command.includes(number));
  const allRun = () => escapes.filter(({ number }) => living(number).length === 0).map(({ what }) => what);
  await project.mustOrch(['up', '-d']);
  await waitFor('all run', allRun, (missing) => missing.length === 0);
  const boundMs = (GRACE_MS + BEYOND_MS) * (await slowness());
  for (const { what, number } of escapes) {
    const { durationMs } = await project.mustOrch(['stop', `e${number}`]);
    expect(living(number), what).toEqual([]);
    expect(durationMs, what).toBeLessThan(boundMs);
  }
  await project.mustOrch(['start', ...escapes.map(({ number }) => `e${number}`)]);
  await waitFor('all run again', allRun, (missing) => missing.length === 0);
  const { durationMs } = await project.down();
  expect(project.processes()).toEqual([]);
  expect(durationMs).toBeLessThan((GRACE_MS + BEYOND_MS) * (await slowness()));
});

test('down names the instances that it waits for', async () => {
  const yaml = 'services:\n  slow: { command: [sh, escape.sh], stop: { grace: 1500ms } }\n';
  const project = createProject({ 'procs.yaml': yaml, 'escape.sh': `${ESCAPES['ignores TERM']}\n` });
  await project.up();
  const down = await project.down();
  expect(down.stderr).toContain('slow.1');
  expect(project.processes()).toEqual([]);
});
