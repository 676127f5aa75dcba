// Problems and warnings about values of secret keys, and about lines that may be part of one, show nothing of them.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml

import { expect, test } from 'vitest';
import { formatProblems } from '../../src/config/problem/format-problems.ts';
import type { Problem } from '../../src/core/load-result.ts';
import { type Files, load } from './loading.ts';

const inEnv = (line: string) => `services:\n  a:\n    command: x\n    env:\n      ${line}\n`;

async function problemsOf(files: Files): Promise<Problem[]> {
  const result = await load(files);
  return result.ok ? result.accepted.warnings : result.problems;
}

async function say(files: Files): Promise<string> {
  const problems = await problemsOf(files);
  return formatProblems(problems) + JSON.stringify(problems);
}

test.for([
  'DB_PASSWORD: "hunter$ecret123"',
  'DB_PASSWORD: hunter$ecret123',
  'DB_PASSWORD: "hunter${ecret123"',
  'DB_PASSWORD: "hunter${ecret123:x}"',
  'DB_PASSWORD: "hunter${ecret123/}"',
  'DB_PASSWORD: "${B:-hunter${ecret123}"',
  'URL: "redis://me:hunter$ecret123@host"',
  'OPTIONS: "--password=hunter$ecret123"',
  'OPTIONS: "--password=hunter${ecret123"',
])('the variable in %s', async (line) => {
  const problems = await problemsOf(inEnv(line));
  expect(problems.map(({ code, line }) => [code, line])).toEqual([[expect.stringMatching(/^(bare|bad)-variable$/), 5]]);
  expect(formatProblems(problems) + JSON.stringify(problems)).not.toMatch(/ecret|hunter/);
});

test('an undefined variable is named: its name is not part of the secret', async () => {
  expect(await say(inEnv('DATABASE_URL: "postgres://me:${DB_PASS}@host"'))).toContain(
    'the variable DB_PASS is not defined',
  );
});

test('the variable is named for other values', async () => {
  expect(await say(inEnv('A: "a$bee"'))).toContain('$bee is taken literally');
  expect(await say(inEnv('A: "a${bee"'))).toContain('`${bee` is not closed by `}`');
});

const pem = [
  '-----BEGIN PRIVATE KEY-----',
  'Proc-Type: 4,ENCRYPTED',
  'MIIEvQIBADANBgkqhkiG9w0BAQ',
  'c2Vjb25k+bGluZQ/abcdefghij',
  'a2V5cGFydA+/bGFzdA==',
  '-----END PRIVATE KEY-----',
];
/** None of these may be seen, nor half of one. */
const pieces = pem.slice(2, 5).flatMap((line) => [line.slice(0, 8), line.slice(8, 16), line.slice(-10)]);

function expectHidden(said: string): void {
  for (const piece of pieces) expect(said).not.toContain(piece);
}

test.for(['TLS_PRIVATE_KEY=', 'TLS_PRIVATE_KEY="', "TLS_PRIVATE_KEY='", 'PLAIN=', 'PLAIN="'])(
  'a key in PEM that begins after %s in an env file',
  async (begin) => {
    const body = [...pem.slice(0, 1), ...pem.slice(2)].join('\n');
    for (const end of ['', '\nA=b\n', '"x\n', "'x\n"]) {
      const said = await say({ 'procs.yaml': 'env_files: [.env]\nservices: {}', '.env': `${begin}${body}${end}` });
      expect(said).toContain('.env');
      expectHidden(said);
    }
  },
);

test.for(['|', '>-', '"', "'", '', '&anchor |'])(
  'a block after `TLS_KEY: %s` with a line of wrong indentation',
  async (mark) => {
    let refused = 0;
    for (let wrong = 0; wrong < pem.length; wrong++) {
      for (let indent = 0; indent <= 12; indent++) {
        const lines = pem.map((line, index) => `${' '.repeat(index === wrong ? indent : 8)}${line}`);
        const problems = await problemsOf(`${inEnv(`TLS_KEY: ${mark}`)}${lines.join('\n')}\n      B: c\n`);
        refused += problems.length > 0 ? 1 : 0;
        expectHidden(formatProblems(problems) + JSON.stringify(problems));
      }
    }
    expect(refused).toBeGreaterThan(10);
  },
);

test('the mistake is reported, and later lines are shown', async () => {
  const said = formatProblems(await problemsOf(`${inEnv('TLS_KEY: |')}        abc\n    def\n      B: c\n`));
  expect(said).toContain('this line is not valid YAML here, below "TLS_KEY"');
  expect(said).toContain('    ***\n');
  expect(formatProblems(await problemsOf(`${inEnv('TLS_KEY: |')}        abc\n    portt: 8000\n`))).toContain(
    'portt: 8000',
  );
});

test('a service or map with such a name is not a secret', async () => {
  const said = formatProblems(await problemsOf('services:\n  auth:\n    comand: node\n    command: node\n'));
  expect(said).toContain('    comand: node\n');
});

test.for([
  ['services: { a: { command: x, env: DB_PASSWORD=hunter2 } }'],
  ['services: { a: { command: x, env: ["DB_PASSWORD=hunter2"] } }'],
  ['services: { a: { command: x, env_files: "redis://me:hunter2@host" } }'],
  ['services:\n  a:\n    command: x\n    env:\n      DB_PASSWORD hunter2\n'],
  ['services:\n  a: PASSWORD=hunter2 server\n'],
  ['services:\n  a:\n    command: x\n    log_queue: "PASSWORD=hunter2"\n'],
])('what is quoted from %s', async ([text]) => {
  const said = await say(text!);
  expect(said).not.toBe('[]');
  expect(said).not.toContain('hunter2');
});
