// `orch scale` on text: one number changes, or the edit is refused.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { editPoolSizes, findPoolFile } from '../../src/config/edit-pool.ts';
import { setPoolSize } from '../../src/config/pool-size.ts';

const accepted: [name: string, before: string, after: string][] = [
  ['a number', 'services:\n  api:\n    pool: 4 # four\n', 'services:\n  api:\n    pool: 7 # four\n'],
  ['the same number', 'services:\n  api: { pool: 7 }\n', 'services:\n  api: { pool: 7 }\n'],
  ['a map', 'services:\n  api:\n    pool:\n      size: 4\n', 'services:\n  api:\n    pool:\n      size: 7\n'],
  [
    'a flow map',
    'services: { api: { pool: { size: 4 }, command: x } }',
    'services: { api: { pool: { size: 7 }, command: x } }',
  ],
  ['a map without size', 'services:\n  api:\n    pool: {}\n', 'services:\n  api:\n    pool: { size: 7 }\n'],
  ['an explicit null', 'services:\n  api:\n    pool: ~\n', 'services:\n  api:\n    pool: 7\n'],
  [
    'no pool',
    'services:\n  api:\n    # run\n    command: x # it\n    port: 1\n',
    'services:\n  api:\n    # run\n    command: x # it\n    pool: 7\n    port: 1\n',
  ],
  [
    'no pool, no final line break',
    'services:\n  api:\n    command: x',
    'services:\n  api:\n    command: x\n    pool: 7',
  ],
  [
    'no pool, a list as command',
    'services:\n  api:\n    command:\n      - x\n      - y\n    port: 1\n',
    'services:\n  api:\n    command:\n      - x\n      - y\n    pool: 7\n    port: 1\n',
  ],
  [
    'no pool, a block of text as command',
    'services:\n  api:\n    command: |\n      x\n      y\n\n  b: {}\n',
    'services:\n  api:\n    command: |\n      x\n      y\n    pool: 7\n\n  b: {}\n',
  ],
  [
    'no pool, a list with a comment at its end',
    'services:\n  api:\n    command:\n      - x\n\n      # - y\n      # z\n    # the port\n    port: 1\n',
    'services:\n  api:\n    command:\n      - x\n\n      # - y\n      # z\n    pool: 7\n    # the port\n    port: 1\n',
  ],
  [
    'no pool, a comment as the last line',
    'services:\n  api:\n    command:\n      - x\n      # - y',
    'services:\n  api:\n    command:\n      - x\n      # - y\n    pool: 7',
  ],
  ['no pool, in a flow map', 'services: { api: { command: x } }', 'services: { api: { command: x, pool: 7 } }'],
  ['an empty flow map', 'services: { api: {} }', 'services: { api: { pool: 7 } }'],
  [
    'CRLF',
    'services:\r\n  api:\r\n    command: x\r\n    cwd: .\r\n',
    'services:\r\n  api:\r\n    command: x\r\n    pool: 7\r\n    cwd: .\r\n',
  ],
  ['a byte order mark', '\ufeffservices: { api: { pool: 4 } }', '\ufeffservices: { api: { pool: 7 } }'],
  [
    'an alias as value',
    'x-n: &n 4\nservices: { api: { pool: *n }, b: { pool: *n } }',
    'x-n: &n 4\nservices: { api: { pool: 7 }, b: { pool: *n } }',
  ],
  ['an anchor without aliases', 'services: { api: { pool: &n 4 } }', 'services: { api: { pool: &n 7 } }'],
  [
    'a merged base',
    'x-b: &b { pool: 4 }\nservices:\n  api:\n    <<: *b\n    command: x\n',
    'x-b: &b { pool: 4 }\nservices:\n  api:\n    <<: *b\n    command: x\n    pool: 7\n',
  ],
  [
    'other services alike',
    'services:\n  api-2: { pool: 4 }\n  api: { pool: 4 }\n',
    'services:\n  api-2: { pool: 4 }\n  api: { pool: 7 }\n',
  ],
];

test.for(accepted)('an edit sets %s', ([, before, after]) => {
  expect(setPoolSize(before, ['api'], 7)).toEqual({ ok: true, text: after });
});

const refused: [name: string, text: string, says: RegExp][] = [
  ['a variable', 'services: { api: { pool: "${N:-4}" } }', /comes from \$\{N:-4\}/],
  ['a number that other values use', 'services: { api: { pool: &n 4 }, b: { pool: *n } }', /other values use/],
  ['a service by reference', 'x-b: &b { pool: 4 }\nservices: { api: *b }', /by reference/],
  [
    'a service that another one merges',
    'services:\n  api: &b { command: x }\n  c: { <<: *b }\n',
    /other values as well/,
  ],
  ['an unknown service', 'services: { apa: {} }', /does not contain "api"/],
  ['a broken file', 'services: {', /./],
];

test.for(refused)('an edit refuses %s', ([, text, says]) => {
  const result = setPoolSize(text, ['api'], 7);
  expect(result.ok ? result.text : result.problems[0]?.message).toMatch(says);
});

test.for([-1, 1.5, 10_001, Number.NaN])('an edit refuses a size of %s', (size) => {
  expect(setPoolSize('services: { api: {} }', ['api'], size).ok).toBe(false);
});

test('an edit changes only the file that has the last word', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orch-edit-'));
  const write = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o640 });
  await write('procs.yaml', 'include: [more.yaml]\nservices:\n  api: { command: a, pool: 2 }\n  web: { command: a }\n');
  await write('more.yaml', 'services:\n  worker: { command: a, pool: 2 }\n');
  await write('procs.dev.yaml', 'services:\n  api: { pool: 3 }\n');
  const base = { file: join(directory, 'procs.yaml'), env: null, environment: {} };
  const dev = { ...base, env: 'dev' };
  expect(await findPoolFile(base, 'api')).toMatchObject({ display: 'procs.yaml' });
  expect(await findPoolFile(dev, 'api')).toMatchObject({ display: 'procs.dev.yaml' });
  expect(await findPoolFile(dev, 'web')).toMatchObject({ display: 'procs.yaml' });
  expect(await findPoolFile(dev, 'worker')).toMatchObject({ display: 'more.yaml' });
  expect(await findPoolFile(dev, 'wep')).toMatchObject({ ok: false, problems: [{ hint: 'did you mean "web"?' }] });

  expect(await editPoolSizes(dev, { api: 5, worker: 6 })).toMatchObject({ ok: true });
  expect(await readFile(join(directory, 'procs.dev.yaml'), 'utf8')).toBe('services:\n  api: { pool: 5 }\n');
  expect(await readFile(join(directory, 'more.yaml'), 'utf8')).toContain('pool: 6');
  expect((await stat(join(directory, 'more.yaml'))).mode & 0o777).toBe(0o640);
  expect(await readFile(join(directory, 'procs.yaml'), 'utf8')).toContain('pool: 2');
});

test('an edit writes nothing when the result would not load, and follows a symlink', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orch-edit-'));
  const text = 'services:\n  bot: { command: a, singleton: true }\n  api: { command: a }\n';
  await writeFile(join(directory, 'real.yaml'), text);
  await symlink('real.yaml', join(directory, 'procs.yaml'));
  const request = { file: join(directory, 'procs.yaml'), env: null, environment: {} };
  const refusal = await editPoolSizes(request, { api: 3, bot: 2 });
  expect(refusal).toMatchObject({ ok: false, problems: [{ code: 'singleton-pool' }] });
  expect(await readFile(join(directory, 'real.yaml'), 'utf8')).toBe(text);
  expect(await editPoolSizes(request, { api: 3 })).toMatchObject({ ok: true });
  expect(await readFile(join(directory, 'real.yaml'), 'utf8')).toContain('api: { command: a, pool: 3 }');
});

const OTHER_USER = 65534;
const isRoot = process.getuid?.() === 0;

test('an edit keeps the owner, and the mode under any umask', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orch-edit-'));
  const file = join(directory, 'procs.yaml');
  await writeFile(file, 'services:\n  api: { command: a }\n');
  if (isRoot) await chown(file, OTHER_USER, OTHER_USER);
  await chmod(file, 0o666);
  const umask = process.umask(0o077);
  try {
    expect(await editPoolSizes({ file, env: null, environment: {} }, { api: 3 })).toMatchObject({ ok: true });
  } finally {
    process.umask(umask);
  }
  const { mode, uid, gid } = await stat(file);
  expect(mode & 0o7777).toBe(0o666);
  if (isRoot) expect([uid, gid]).toEqual([OTHER_USER, OTHER_USER]);
});

/** Root may write everywhere; another user may not. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (!isRoot) return act();
  process.seteuid!(OTHER_USER);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

test('a directory that cannot be written to is a problem, and none of several files is changed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'orch-edit-'));
  await mkdir(join(directory, 'sealed'));
  const text = 'services:\n  web: { command: a }\n';
  const file = join(directory, 'procs.yaml');
  await writeFile(file, 'include: [sealed/web.yaml]\nservices:\n  api: { command: a }\n');
  await writeFile(join(directory, 'sealed', 'web.yaml'), text);
  await chmod(directory, 0o777);
  await chmod(join(directory, 'sealed'), 0o555);

  const refusal = await asNobody(() => editPoolSizes({ file, env: null, environment: {} }, { api: 3, web: 2 }));
  expect(refusal).toMatchObject({
    ok: false,
    problems: [
      {
        file: 'sealed/web.yaml',
        code: 'cannot-edit',
        message: 'sealed/web.yaml cannot be replaced: permission denied',
        hint: expect.stringContaining('--ephemeral'),
      },
    ],
  });
  expect(await readFile(join(directory, 'sealed', 'web.yaml'), 'utf8')).toBe(text);
  expect(await readFile(file, 'utf8')).toContain('api: { command: a }');
  expect((await readdir(directory)).sort()).toEqual(['procs.yaml', 'sealed']);
});
