// Two requests that exclude each other: an upgrade while everything is being stopped, and a `down` while the supervisor is
// about to hand over to the next one. The `down` wins.
import { expect, onTestFinished, test } from 'vitest';
import { type Client, connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { createProject, type Project } from '../rig/project.ts';
import { logWritersOf, supervisorsOf } from '../rig/supervisors.ts';
import { waitFor } from '../rig/wait-for.ts';

async function clientOf(project: Project): Promise<Client> {
  const client = (await connect(projectPaths(project.root)))!;
  onTestFinished(() => client.close());
  return client;
}

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => 'done',
    (error) => error.wire.code,
  );

test('orch upgrade does not restart instances that orch down is stopping', async () => {
  const project = createProject({
    'procs.yaml': `services:
  quick: { command: [sleep, "1000"] }
  slow: { command: [sh, until-it-may-end.sh], readiness: { log: set up }, stop: { grace: 1m } }
`,
    'until-it-may-end.sh': 'trap "" TERM\necho set up\nuntil [ -e may-end ]; do sleep 0.05; done\n',
  });
  await project.up();
  const down = project.orch(['down']);
  await waitFor('quick is stopped', project.instances, (seen) => !seen.some(({ instance }) => instance === 'quick.1'));
  const upgrade = await project.orch(['upgrade']);
  expect(upgrade.exitCode).toBe(1);
  expect(upgrade.stderr).toContain('error: the project is going down\n');
  project.write('may-end', '');
  expect(await down).toMatchObject({ exitCode: 0 });
  expect(project.processes()).toEqual([]);
});

const ENDS: [string, (client: Client) => Promise<void>][] = [
  ['a client asks for `down`', async (client) => void (await client.request('down', { timeoutMs: null }))],
  ['its owner goes away', async (client) => client.close()],
];

test.for(ENDS)('everything stops when a supervisor is about to hand over, and %s', async ([, end]) => {
  const project = createProject({ 'procs.yaml': 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n' });
  await project.up();
  const [owner, other] = [await clientOf(project), await clientOf(project)];
  await owner.request('own', {});
  // It hands over only once its log writer has heard all; this one hears nothing for a while.
  const [writer] = logWritersOf(project);
  process.kill(writer!.pid, 'SIGSTOP');
  const handedOver = codeOf(other.request('handOver', {}));
  await other.request('hello', {});
  const ended = codeOf(end(owner));
  await waitFor('what ran is stopped', project.instances, (seen) => seen.length === 0).finally(() =>
    process.kill(writer!.pid, 'SIGCONT'),
  );
  expect(await handedOver).toBe('going-down');
  expect(await ended).toBe('done');
  await waitFor(
    'the supervisor is gone',
    () => supervisorsOf(project),
    (seen) => seen.length === 0,
  );
});
