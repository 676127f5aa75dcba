// Env files line by line: line ends of any kind, comments after values, and the messages for invalid lines.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of env files
import { describe, expect, test } from 'vitest';
import { parseDotenv } from '../../src/config/files/dotenv.ts';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import { accept, load } from './loading.ts';

function read(text: string) {
  const { entries, problems } = parseDotenv(new SourceFile('/project/.env', '.env', text));
  return { variables: Object.fromEntries(entries.map(({ name, value }) => [name, value])), problems };
}

test.for([
  ['# a comment\n  # another\nA=b\n\n', { A: 'b' }],
  ['A=b # inline\nB=c\n', { A: 'b', B: 'c' }],
  ['A="q" # after\nB=\'s\'# after\nC=`t`\n', { A: 'q', B: 's', C: 't' }],
  ['A=#\nB= # only a comment\nC=a#b\n', { A: '', B: '', C: 'a#b' }],
  ['A="one\ntwo" # after\nB=c', { A: 'one\ntwo', B: 'c' }],
] as [string, Record<string, string>][])('%o, whatever ends its lines', ([text, variables]) => {
  expect(read(text)).toEqual({ variables, problems: [] });
  expect(read(text.replaceAll('\n', '\r\n'))).toEqual({ variables, problems: [] });
});

test.for(['\r', '\u2028', '\u2029'])('a %o within a comment belongs to the comment', (character) => {
  const text = `# a${character}b\nA=b # c${character}d\nB="q" # e${character}f\n`;
  expect(read(text)).toEqual({ variables: { A: 'b', B: 'q' }, problems: [] });
});

const filled = async (text: string, environment: Record<string, string> = {}, more: Record<string, string> = {}) => {
  const files = { 'procs.yaml': 'env_files: [.env]\nservices: { api: { command: [x] } }\n', '.env': text, ...more };
  const result = await load(files, { environment });
  if (!result.ok) throw new Error(result.problems[0]!.message);
  const { config, warnings } = result.accepted;
  return { env: config.services[0]!.env, warnings };
};

describe('variables', () => {
  test.for([
    ['B=/srv\nL=${B}/logs', { B: '/srv', L: '/srv/logs' }],
    ['B=/srv\nL="${B}/a\\tb"', { B: '/srv', L: '/srv/a\tb' }],
    ["B=/srv\nL='${B}/logs'", { B: '/srv', L: '$${B}/logs' }],
    ['B=/srv\nL=`${B}/logs`', { B: '/srv', L: '$${B}/logs' }],
    ['B=/srv\nL=\\${B}/logs', { B: '/srv', L: '$${B}/logs' }],
    ['B=/srv\nL="\\${B}/logs"', { B: '/srv', L: '$${B}/logs' }],
    ['B=/srv\nL="\\\\${B}"', { B: '/srv', L: '\\/srv' }],
    ['L=${NO:-a}\nM=${NO-b}\nN=${NO:-${L}}', { L: 'a', M: 'b', N: 'a' }],
    ['E=\nL=${E:-a}\nM=${E}', { E: '', L: 'a', M: '' }],
    ['P=pa$$word\nQ=$1\nR=100$', { P: 'pa$$$$word', Q: '$$1', R: '100$$' }],
    ['L=${a.b}\nM=${\nN=${}\nO=${B', { L: '$${a.b}', M: '$${', N: '$${}', O: '$${B' }],
    ['L=${SHELL_VAR}', { L: 'shell' }],
    ['SHELL_VAR=file\nL=${SHELL_VAR}', { SHELL_VAR: 'file', L: 'file' }],
    ['SHELL_VAR=${SHELL_VAR}:more', { SHELL_VAR: 'shell:more' }],
    ['B=1\nL=${B}\nB=2', { B: '2', L: '1' }],
    ['V=${B}$${B}\nB=1', { V: '$${B}$$$${B}', B: '1' }],
  ] as [string, Record<string, string>][])('%o', async ([text, env]) => {
    expect((await filled(text, { SHELL_VAR: 'shell' })).env).toEqual(env);
  });

  test('a later file uses an earlier one, a service those that it inherits', async () => {
    const files = {
      'procs.yaml': `
env_files: [a.env, b.env]
services:
  api: { command: [x], env_files: [own.env] }
  alone: { command: [x], env_files: { paths: [own.env], inherit: false } }
`,
      'a.env': 'A=1\n',
      'b.env': 'B=${A}2\n',
      'own.env': 'C=${B:-none}3\n',
    };
    const { services } = await accept(files);
    expect(services.map(({ env }) => env)).toEqual([{ A: '1', B: '12', C: '123' }, { C: 'none3' }]);
  });

  test('what is filled in is used by procs.yaml', async () => {
    const { services } = await accept({
      'procs.yaml': 'env_files: [.env]\nservices: { api: { command: ["${L}"] } }\n',
      '.env': 'B=/srv\nL=${B}/logs\n',
    });
    expect(services[0]!.command).toEqual({ kind: 'argv', argv: ['/srv/logs'] });
  });

  test('one that is not defined stays as it is, with a warning that shows no value', async () => {
    const { env, warnings } = await filled('A=secret-${NO}\nB=ok\n');
    expect(env).toEqual({ A: 'secret-$${NO}', B: 'ok' });
    expect(warnings).toMatchObject([{ code: 'undefined-variable', file: '.env', line: 1, column: 1 }]);
    expect(JSON.stringify(warnings)).not.toContain('secret');
  });

  test('a $ without braces before the name of a variable is a $, with a warning that does not name it', async () => {
    const { env, warnings } = await filled("USER=ann\nA=pa$USER\nB=pa$word\nC='pa$USER'\n");
    expect(env).toEqual({ USER: 'ann', A: 'pa$$USER', B: 'pa$$word', C: 'pa$$USER' });
    expect(warnings).toMatchObject([{ code: 'bare-variable', file: '.env', line: 2 }]);
    expect(JSON.stringify(warnings)).not.toContain('USER');
  });
});
