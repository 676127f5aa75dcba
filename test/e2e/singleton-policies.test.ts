// What happens when a singleton is already held: refuse, wait, adopt, and plain pid files as other programs write them.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { killByIdentity, readStat } from '../rig/processes.ts';
import { createProject, instanceOf, type Project } from '../rig/project.ts';
import { waitFor } from '../rig/wait-for.ts';

const holder = (key: string, policy: string, more = ''): string =>
  `services:\n  bot: { command: [sleep, "100000"], singleton: { key: ${key}, on_conflict: ${policy}${more} } }\n`;
const newKey = (): string => `rig-${process.pid}-${Math.random().toString(36).slice(2)}`;
const botOf = async (project: Project) => instanceOf(await project.ps(), 'bot.1');

async function pair(policy: string): Promise<{ first: Project; second: Project; older: number }> {
  const key = newKey();
  const first = createProject({ 'procs.yaml': holder(key, 'replace') });
  const second = createProject({ 'procs.yaml': holder(key, policy) });
  await first.up();
  return { first, second, older: (await botOf(first)).pid! };
}

test('refuse: the older instance keeps running, and the newer one names its owner', async () => {
  const { first, second, older } = await pair('refuse');
  await second.orch(['up', '-d']);
  const refused = await waitFor(
    'refused',
    () => botOf(second),
    (bot) => bot.state === 'stopped',
  );
  expect(refused.reason).toContain(first.root);
  expect((await botOf(first)).pid).toBe(older);
  await first.down();
  await second.mustOrch(['start', 'bot']);
  await waitFor(
    'taken after its holder left',
    () => botOf(second),
    (bot) => bot.state === 'ready',
  );
  await second.down();
});

test('wait: the newer instance starts as soon as the older one is gone', async () => {
  const { first, second, older } = await pair('wait');
  await second.orch(['up', '-d']);
  await waitFor(
    'waiting',
    () => botOf(second),
    (bot) => bot.state === 'starting' && (bot.reason ?? '').includes('is held by'),
  );
  expect((await second.mustOrch(['why', 'bot.1'])).stdout).toMatch(/waits for its key.*is held by/);
  const waits = (await second.events()).filter(({ type }) => type === 'singleton_waits');
  expect(waits.map(({ instance }) => instance)).toEqual(['bot.1']);
  expect((await botOf(first)).pid).toBe(older);
  await first.down();
  await waitFor(
    'started',
    () => botOf(second),
    (bot) => bot.state === 'ready',
  );
  await second.down();
});

test('adopt: the process keeps running and belongs to the newer supervisor', async () => {
  const { first, second, older } = await pair('adopt');
  const startTime = readStat(older)!.startTime;
  await second.up();
  expect(await botOf(second)).toMatchObject({ pid: older, adopted: true, state: 'ready' });
  expect(readStat(older)?.startTime).toBe(startTime);
  await second.down();
  expect(readStat(older)?.startTime).not.toBe(startTime);
  await first.down();
});

test('pid_file: orch ends the program in the file and writes its own pid', async () => {
  const project = createProject({ 'procs.yaml': holder(newKey(), 'replace', ', pid_file: bot.pid') });
  const old = spawn('sleep', ['100000'], { detached: true, stdio: 'ignore', cwd: project.root });
  const identity = { pid: old.pid!, startTime: readStat(old.pid!)!.startTime };
  writeFileSync(project.path('bot.pid'), `${old.pid}\n`);
  try {
    await project.up();
    expect(readStat(identity.pid)?.startTime).not.toBe(identity.startTime);
    expect(Number(readFileSync(project.path('bot.pid'), 'utf8'))).toBe((await botOf(project)).pid);
  } finally {
    killByIdentity(identity);
  }
  await project.down();
});

test('pid_file: a stale file that names another program harms no process', async () => {
  const stranger = spawn('tail', ['-f', '/dev/null'], { detached: true, stdio: 'ignore' });
  const identity = { pid: stranger.pid!, startTime: readStat(stranger.pid!)!.startTime };
  const project = createProject({
    'procs.yaml': holder(newKey(), 'replace', ', pid_file: bot.pid'),
    'bot.pid': `${stranger.pid}\n`,
  });
  try {
    await project.up();
    expect(readStat(identity.pid)?.startTime).toBe(identity.startTime);
    await project.down();
    expect(readStat(identity.pid)?.startTime).toBe(identity.startTime);
  } finally {
    killByIdentity(identity);
  }
});
