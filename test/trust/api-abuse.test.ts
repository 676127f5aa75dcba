// Hostile clients of the socket: idle crowds, nonsense, floods, subscribers that never read, other users. The supervisor
// always answers (I12), and only its owner can use its files (I16).
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect } from '../../src/api/client.ts';
import { projectPaths } from '../../src/api/paths.ts';
import { readStat } from '../rig/processes.ts';
import { createProject, incarnations, type Project } from '../rig/project.ts';
import { theSupervisor } from '../rig/supervisors.ts';
import { slowness } from './slowness.ts';

const YAML = 'services:\n  a: { command: [sleep, "1000"], pool: 2 }\n';
const socketOf = (project: Project) => projectPaths(project.root).socket;

function open(project: Project): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(socketOf(project), () => resolve(socket));
    socket.once('error', reject);
  });
}

async function answersWithinMs(project: Project): Promise<number> {
  const client = (await connect(projectPaths(project.root)))!;
  const sinceMs = performance.now();
  await client.request('hello', {});
  client.close();
  return performance.now() - sinceMs;
}

/** Resolves with what came back, when the peer hangs up or falls silent. */
function exchange(socket: Socket, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const over = () => {
      socket.destroy();
      resolve(heard);
    };
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', () => undefined);
    socket.once('close', over);
    socket.write(bytes, () => setTimeout(over, 150));
  });
}

test('a thousand idle connections delay no client', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const idle = await Promise.all(Array.from({ length: 1_000 }, () => open(project)));
  expect(await answersWithinMs(project)).toBeLessThan(250 * (await slowness()));
  for (const socket of idle) socket.destroy();
  await project.down();
});

const NONSENSE: [string, string | Buffer][] = [
  ['no JSON', 'hello\n'],
  ['half a frame', '{"id":1,"method":"st'],
  ['a number', '7\n'],
  ['null', 'null\n'],
  ['a list', '[1,2]\n'],
  ['no id', '{"method":"hello","params":{}}\n'],
  ['an id that is a text', '{"id":"x","method":"hello","params":{}}\n'],
  ['a method that does not exist', '{"id":1,"method":"eval","params":{}}\n'],
  ['a method of every object', '{"id":1,"method":"constructor","params":{}}\n'],
  ['the prototype as a method', '{"id":1,"method":"__proto__","params":{}}\n'],
  ['no params', '{"id":1,"method":"stop"}\n'],
  ['params of another kind', '{"id":1,"method":"stop","params":{"names":{"length":1e9}}}\n'],
  ['prototype keys', '{"id":1,"method":"why","params":{"name":"a","__proto__":{"polluted":1}}}\n'],
  ['a configuration that is none', '{"id":1,"method":"apply","params":{"accepted":{"config":{}},"only":null}}\n'],
  ['a name that leads elsewhere', '{"id":1,"method":"why","params":{"name":"../../../etc/passwd"}}\n'],
  ['a name without end', `{"id":1,"method":"stop","params":{"names":["${'a'.repeat(100_000)}"]}}\n`],
  ['a service that is none', '{"id":1,"method":"scale","params":{"service":"../a","size":99}}\n'],
  ['a size beyond all bounds', '{"id":1,"method":"scale","params":{"service":"a","size":1e12}}\n'],
  ['a size that is none', '{"id":1,"method":"scale","params":{"service":"a","size":"9"}}\n'],
  ['a queue that leads elsewhere', '{"id":1,"method":"rotateLogs","params":{"queues":["../../x"]}}\n'],
  ['deep nesting', `${'['.repeat(200_000)}\n`],
  ['random bytes', Buffer.from(Array.from({ length: 4_096 }, (_, n) => (n * 7919) % 256))],
];

test('an invalid request closes only its own connection', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const before = incarnations(project.instances());
  const { pid } = theSupervisor(project);
  for (const [what, bytes] of NONSENSE) {
    const heard = await exchange(await open(project), bytes);
    expect(heard, what).not.toMatch(/\n {4}at |"result":\{"polluted/);
    const tookMs = await answersWithinMs(project);
    // Only what looks late is worth a look at the machine.
    if (tookMs > 1_000) expect(tookMs, what).toBeLessThan(1_000 * (await slowness()));
  }
  expect(theSupervisor(project).pid).toBe(pid);
  expect(incarnations(project.instances())).toEqual(before);
  expect((await project.ps()).converged).toBe(true);
  await project.down();
});

test('an endless frame is cut off and memory stays bounded', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const { pid } = theSupervisor(project);
  const beforePages = readStat(pid)!.rssPages;
  const socket = await open(project);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  const chunk = Buffer.alloc(256 * 1024, 'x');
  for (let n = 0; n < 400 && !socket.destroyed; n++) {
    if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
  }
  await closed;
  expect((readStat(pid)!.rssPages - beforePages) * 4096).toBeLessThan(64 * 1024 * 1024);
  expect(await answersWithinMs(project)).toBeLessThan(250 * (await slowness()));
  await project.down();
});

test('subscribers that never read delay no client', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const deaf = await Promise.all(Array.from({ length: 20 }, () => open(project)));
  for (const socket of deaf) {
    socket.pause();
    socket.on('error', () => undefined);
    socket.write(
      '{"id":1,"method":"watchStatus","params":{"minIntervalMs":20}}\n{"id":2,"method":"events","params":{"follow":true}}\n',
    );
  }
  for (let n = 0; n < 5; n++) {
    await project.mustOrch(['restart', 'a']);
    expect(await answersWithinMs(project)).toBeLessThan(250 * (await slowness()));
  }
  for (const socket of deaf) socket.destroy();
  await project.down();
});

test('only the owner can read the state directory', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  const open: string[] = [];
  const visit = (path: string): void => {
    const stat = lstatSync(path);
    if ((stat.mode & 0o077) !== 0) open.push(`${path} ${(stat.mode & 0o777).toString(8)}`);
    if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name));
  };
  visit(project.path('.orch'));
  expect(open).toEqual([]);
  await project.down();
});

const mayChangeUser = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0;
test.skipIf(!mayChangeUser)('the socket refuses another user', async () => {
  const project = createProject({ 'procs.yaml': YAML });
  await project.up();
  execFileSync('chmod', ['755', project.root]);
  const script = `require('net').connect(${JSON.stringify(socketOf(project))}).on('connect',()=>process.exit(0)).on('error',(e)=>{console.log(e.code);process.exit(9)})`;
  const args = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, '-e', script];
  const other = spawnSync('setpriv', args, { encoding: 'utf8', cwd: '/' });
  expect(other.stdout.trim()).toBe('EACCES');
  expect(other.status).toBe(9);
  await project.down();
});
