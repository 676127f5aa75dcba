// Completion: what is offered where, and that real shells take it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serviceKeys, tagsIn } from '../../src/cli/completion/known-names.ts';
import { completionScripts } from '../../src/cli/completion/scripts.ts';
import { shells } from '../../src/cli/context/definition.ts';
import { sampleStatus, startFakeSupervisor } from '../api/fake-supervisor.ts';
import { runCommand } from './run-command.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'orch-complete-'));
  await writeFile(join(root, 'procs.yaml'), 'services:\n  api: { command: a }\n  worker:\n    command: b\n');
  await writeFile(join(root, 'procs.prod.yaml'), '');
  await writeFile(join(root, 'other.yaml'), 'services:\n  other: { command: a }\n');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function complete(words: string[], cwd = root): Promise<string[]> {
  const { stdout } = await runCommand(['__complete', '--', ...words], { cwd });
  return stdout.split('\n').flatMap((line) => line.split('\t')[0] || []);
}

describe('offers', () => {
  test.each([
    [['res'], ['restart', 'resume', 'reset-term']],
    [['--no'], ['--no-local', '--no-color']],
    [['up', '--de'], ['--detach']],
    [
      ['wait', '--for', ''],
      ['converged', 'ready', 'stopped', 'ended'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['export', ''],
      ['compose', 'systemd', 'supervisord', 'procfile'],
    ],
    [['-e', ''], ['prod']],
    [['-e', 'dev,'], ['dev,prod']],
    [['-f', ''], [':files']],
    [['up', '-f', ''], [':files']],
    [
      ['logs', '-f', ''],
      ['api', 'worker'],
    ],
    [['-f', 'other.yaml', 'logs', '-f', ''], ['other']],
    [['logs', '--file', ''], [':files']],
    [['events', '-f', ''], []],
    [['-e', 'prod', 'up', 'w'], ['worker']],
    [
      ['start', ''],
      ['api', 'worker'],
    ],
    [['start', 'api', ''], ['worker']],
    [['scale', 'a'], ['api=']],
    [
      ['ps', ''],
      ['api', 'worker'],
    ],
    [['stop', '--all', '--except', 'w'], ['worker']],
    [['wait', '--timeout', ''], []],
    [['completion', 'bash', ''], []],
    [['diff', 'dev', ''], ['prod']],
    [['diff', 'dev', 'prod', ''], []],
  ])('%j -> %j', async (words, offered) => expect(await complete(words)).toEqual(offered));

  test('tags of the file, and of a running project', async () => {
    await writeFile(join(root, 'procs.yaml'), 'services:\n  api: { command: a, tags: [backend, web] }\n');
    expect(await complete(['stop', 'tag:'])).toEqual(['tag:backend', 'tag:web']);
    expect(await complete(['scale', 'tag:w'])).toEqual(['tag:web=']);
    const status = sampleStatus();
    status.services[0]!.tags = ['live'];
    const supervisor = await startFakeSupervisor({ status: () => status });
    expect(await complete(['up', 'tag:'], supervisor.paths.root)).toEqual(['tag:live']);
    await supervisor.close();
  });

  test('instances too, while a supervisor runs', async () => {
    const supervisor = await startFakeSupervisor({ status: () => sampleStatus() });
    expect(await complete(['stop', 'api'], supervisor.paths.root)).toEqual(['api', 'api.1', 'api.2']);
    await supervisor.close();
  });

  test('names even if the supervisor is stuck', async () => {
    const supervisor = await startFakeSupervisor({ status: () => new Promise(() => undefined) });
    await writeFile(join(supervisor.paths.root, 'procs.yaml'), 'services:\n  api: {}\n');
    expect(await complete(['stop', ''], supervisor.paths.root)).toEqual(['api']);
    await supervisor.close();
  });

  test('nothing, without an error, outside a project', async () => {
    expect(await complete(['stop', ''], '/')).toEqual([]);
  });
});

test('service names are read from a file as people write it', () => {
  const text = [
    '# services:',
    'name: x',
    'services:   # here',
    '',
    '    "api":',
    '      command: a',
    '    db-1: &db',
    '      env: { a: b }',
    '# not the end',
    '    web_2: { command: c }',
    'log_queues:',
    '    main: {}',
  ].join('\r\n');
  expect(serviceKeys(text)).toEqual(['api', 'db-1', 'web_2']);
  expect(serviceKeys('')).toEqual([]);
});

test('tags are read from a file as people write it', () => {
  const text =
    'services:\n  a:\n    tags: [ "x", y-1 ] # [no]\n  b:\n    tags:\n      - z # why\n      - x\n    env: { a: b }\n';
  expect(tagsIn(text)).toEqual(['x', 'y-1', 'z']);
});

test.each(shells)('the script for %s can be parsed by the shell', (shell) => {
  if (spawnSync(shell, ['--version']).error) return; // not installed here
  const read = spawnSync(shell, ['-n'], { input: completionScripts[shell] });
  expect(read.stderr.toString()).toBe('');
  expect(read.status).toBe(0);
});

test('bash completes through the script', () => {
  const script = `${completionScripts.bash}
orch() { printf 'api.1\\tinstance\\napi.2\\tinstance\\n'; }
COMP_WORDS=(orch stop api.) COMP_CWORD=2
_orch
echo "\${COMPREPLY[*]}"`;
  expect(execFileSync('bash', ['-c', script]).toString()).toBe('api.1 api.2\n');
});

test('bash completes a tag, of which it replaces what follows the colon', () => {
  const script = `${completionScripts.bash}
orch() { [ "\${*: -1}" = tag:ba -o "\${*: -1}" = tag: ] && printf 'tag:backend\\ttag\\ntag:batch\\ttag\\n'; }
COMP_WORDS=(orch stop -e prod tag : ba) COMP_CWORD=6
_orch
echo "\${COMPREPLY[*]}"
COMP_WORDS=(orch stop tag :) COMP_CWORD=3
_orch
echo "\${COMPREPLY[*]}"`;
  expect(execFileSync('bash', ['-c', script]).toString()).toBe('backend batch\nbackend batch\n');
});
