// `orch config --explain` in a git repository: the commit of every value, from the line that it was written in.
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseBlame } from '../../src/config/files/line-commits.ts';
import { runCommand } from '../cli/run-command.ts';
import { git as gitIn } from '../rig/git.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

function repository() {
  const root = temporaryDirectory('explain');
  const write = (name: string, text: string) => writeFileSync(join(root, name), text);
  const git = (...args: string[]) => gitIn(root, ...args);
  const commit = (date: string): string => {
    git('add', '.');
    git('commit', '-qm', 'x', `--date=${date}`);
    return git('rev-parse', 'HEAD').trim();
  };
  const orch = (line: string, cwd = root) => runCommand(line.split(' '), { cwd });
  git('init', '-q');
  return { root, write, git, commit, orch };
}

const text = `services:
  api:
    command: [node, api.js]
    stop: { escalate: [{ signal: SIGINT, after: 1s }] }
`;

test('every value has the commit of its own line, with the date of its author', async () => {
  const { write, commit, orch } = repository();
  write('.gitignore', '.env\n');
  write('procs.yaml', text);
  const first = commit('2026-01-31T23:30:00 -0700');
  write('procs.yaml', `${text}    pool: 2\n`);
  write('procs.dev.yaml', 'env_files: [.env]\nservices: { api: { port: 80 } }\n');
  const second = commit('2026-02-10T01:00:00 +0130');
  write('procs.yaml', `${text}    pool: 2\n    description: new\n`);
  write('.env', 'A=b\n');
  const { stdout } = await orch('-e dev config --explain');
  const short = [first, second].map((hash) => hash.slice(0, 7));
  expect(stdout).toContain(`    command: [node, api.js]  # procs.yaml:3:14 ${short[0]} 2026-01-31\n`);
  expect(stdout).toContain(`    pool: 2  # procs.yaml:5:11 ${short[1]} 2026-02-10\n`);
  expect(stdout).toContain(`    port: 80  # procs.dev.yaml:2:26 ${short[1]} 2026-02-10\n`);
  expect(stdout).toContain('    description: new  # procs.yaml:6:18 not committed\n');
  expect(stdout).toContain('      A: b  # .env:1:1\n');
  expect(stdout).toContain('    cwd: "."  # default\n');
  const { sources } = JSON.parse((await orch('-e dev config --explain --json')).stdout);
  const date = '2026-01-31T23:30:00-07:00';
  expect(sources['services.api.stop.escalate[0].signal']).toEqual({
    file: 'procs.yaml',
    line: 4,
    column: 34,
    commit: { hash: first, date },
  });
  expect(sources['services.api.description'].commit).toBeNull();
  expect(sources['services.api.env.A']).toEqual({ file: '.env', line: 1, column: 1 });
  expect(sources['services.api.cwd']).toBeNull();
});

test('a file that is included from a subdirectory, and one behind a link, have their commits', async () => {
  const { root, write, commit, orch } = repository();
  mkdirSync(join(root, 'parts'));
  write('parts/api.yaml', 'services: { api: { command: x } }\n');
  write('real.yaml', 'include: [parts/api.yaml]\nservices: { b: { command: yy } }\n');
  symlinkSync('real.yaml', join(root, 'procs.yaml'));
  const hash = commit('2026-01-02T00:00:00 +0000').slice(0, 7);
  const { stdout } = await orch('config --explain');
  expect(stdout).toContain(`    command: x  # parts/api.yaml:1:29 ${hash} 2026-01-02\n`);
  expect(stdout).toContain(`    command: yy  # procs.yaml:2:27 ${hash} 2026-01-02\n`);
});

test('without a commit, and outside of a repository, only the places are shown', async () => {
  const { root, write, orch } = repository();
  write('procs.yaml', text);
  const expected = '    command: [node, api.js]  # procs.yaml:3:14\n';
  expect((await orch('config --explain')).stdout).toContain(expected);
  const elsewhere = temporaryDirectory('explain');
  writeFileSync(join(elsewhere, 'procs.yaml'), text);
  expect((await orch('config --explain', elsewhere)).stdout).toContain(expected);
  appendFileSync(join(root, 'procs.yaml'), 'x: 1\n');
  expect((await orch('config --explain')).code).toBe(2);
});

test('blame: content that looks like a header is not one', () => {
  const hash = 'a'.repeat(40);
  const lines = [
    `${hash} 1 1 2`,
    'author-time 0',
    'author-tz +0000',
    `\t${hash} 9 9`,
    `${hash} 2 2`,
    '\tauthor-time 7',
    '',
  ];
  const commit = { hash, date: '1970-01-01T00:00:00+00:00' };
  expect(parseBlame(lines.join('\n'))).toEqual(
    new Map([
      [1, commit],
      [2, commit],
    ]),
  );
});
