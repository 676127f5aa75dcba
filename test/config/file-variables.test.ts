// `vars`: texts for the file itself. And `env_files: { inherit: false }`.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { describe, expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml, toMaskedPlain } from '../../src/config/print-yaml.ts';
import { accept, acceptService, load, loadWithTree, refuse } from './loading.ts';

const FILE = `
vars:
  LOGS: \${BASE}/logs
  BASE: /srv/shop
  FIRST: "8000"
services:
  api: { command: [node, "\${BASE}/api.js"], port: "\${FIRST}", cwd: "\${BASE}", env: { LOG_DIR: "\${LOGS}" } }
`;

test('the file uses them in any order, also as numbers; the program gets what `env` names', async () => {
  expect(await acceptService(FILE)).toMatchObject({
    command: { argv: ['node', '/srv/shop/api.js'] },
    port: 8000,
    cwd: '/srv/shop',
    env: { LOG_DIR: '/srv/shop/logs' },
  });
});

test('they win over the environment and over env files, unless they ask for them', async () => {
  const files = {
    'procs.yaml':
      'vars: { A: vars, B: "${B:-none}", C: "${OF_FILE}+", D: "${D}!" }\nenv_files: [.env]\n' +
      'services: { api: { command: ["${A}", "${B}", "${C}", "${D}"] } }\n',
    '.env': 'A=file\nOF_FILE=file\nD=file\n',
  };
  const argv = async (environment: Record<string, string>) => (await acceptService(files, { environment })).command;
  expect(await argv({ A: 'shell' })).toMatchObject({ argv: ['vars', 'none', 'file+', 'file!'] });
  expect(await argv({ B: 'shell', D: 'shell' })).toMatchObject({ argv: ['vars', 'shell', 'file+', 'shell!'] });
});

test('an overlay changes one, and what uses it changes with it; null removes', async () => {
  const files = {
    'procs.yaml': FILE,
    'procs.prod.yaml': 'vars: { BASE: /opt/shop }\n',
    'procs.none.yaml': 'vars: { FIRST: null }\n',
  };
  expect((await acceptService(files, { env: 'prod' })).env).toEqual({ LOG_DIR: '/opt/shop/logs' });
  expect(await refuse(files, { env: 'none' })).toEqual(['bad-value:7', 'undefined-variable:7']);
  expect((await acceptService(files, { env: 'none', environment: { FIRST: '9000' } })).port).toBe(9000);
});

test('project env files, the name and dollars', async () => {
  const files = {
    'procs.yaml':
      'name: shop-${STAGE}\nvars: { STAGE: dev, PRICE: "5$$", SAME: "${PRICE}" }\nenv_files: [".env.${STAGE}"]\n' +
      'services: { api: { command: ["${SAME}", "${FROM}"] } }\n',
    '.env.dev': 'FROM=dev\n',
  };
  const { project, services } = await accept(files);
  expect(project).toBe('shop-dev');
  expect(services[0]!.command).toMatchObject({ argv: ['5$$', 'dev'] });
});

test('a variable that only `vars` has, in a line of the shell: a warning', async () => {
  const warnings = async (service: string, environment: Record<string, string> = {}) => {
    const result = await load(`vars: { BASE: /srv }\nservices: { api: { ${service} } }\n`, { environment });
    return result.ok ? result.accepted.warnings.map(({ code, line, hint }) => [code, line, hint]) : result.problems;
  };
  expect(await warnings('command: ls $BASE')).toEqual([
    ['var-in-shell', 2, 'add `BASE: ${BASE}` to `env`, or write the command as a list'],
  ]);
  expect(await warnings('command: "ls ${BASE}/x", env: { BASE: "${BASE}" }')).toEqual([]);
  expect(await warnings('command: ls $BASE', { BASE: 'x' })).toEqual([]);
  expect(await warnings('command: [ls, "${BASE}"]')).toEqual([]);
});

test('config shows them filled in, and loads to the same', async () => {
  const { built } = await loadWithTree(FILE);
  const printed = printYaml(effectiveTree(built!, { defaults: false }), null);
  expect(printed).toContain('LOGS: /srv/shop/logs');
  expect((await accept(printed)).services).toEqual((await accept(FILE)).services);
});

test('a secret among them is masked', async () => {
  const text =
    'vars: { DB_PASSWORD: s3cret }\nservices: { api: { command: [x], env: { DB_PASSWORD: "${DB_PASSWORD}" } } }\n';
  const { built } = await loadWithTree(text);
  const tree = effectiveTree(built!, { defaults: false });
  expect(printYaml(tree, null)).not.toContain('s3cret');
  expect(JSON.stringify(toMaskedPlain(tree))).not.toContain('s3cret');
  const wrong = await load(text.replace('DB_PASSWORD: s3cret', 'DB_PASSWORD: 73461'));
  expect(wrong.ok ? [] : wrong.problems).toHaveLength(1);
  expect(JSON.stringify(wrong)).not.toContain('73461');
});

test('a file without them keeps its spec hash', async () => {
  const text = 'services: { api: { command: [x], env: { A: b } } }\n';
  expect((await acceptService(`vars: { Z: z }\n${text}`)).specHash).toBe((await acceptService(text)).specHash);
});

describe('mistakes', () => {
  test.each([
    ['vars: { A: "${B}", B: "${A}" }', ['variable-cycle:1']],
    ['vars: { A: "${NONE}" }', ['undefined-variable:1']],
    ['vars: { A: "${PORT}" }', ['bad-value:1']],
    ['vars: { A: "${api.port}" }', ['bad-value:1']],
    ['vars: { PORT: "1" }', ['reserved-variable:1']],
    ['vars: { ORCH_ENV: x }', ['reserved-variable:1']],
    ['vars: { A: 8000 }', ['wrong-type:1']],
    ['vars: { a-b: x }', ['bad-name:1']],
    ['vars: [A]', ['wrong-type:1']],
  ])('%s', async (vars, problems) => {
    expect(await refuse(`${vars}\nservices: { api: { command: [x], port: 80 } }\n`)).toEqual(problems);
  });
});

describe('env_files with inherit', () => {
  const files = {
    'procs.yaml': `
env_files: [.env]
env: { OF_PROJECT: env }
services:
  all: { command: [x] }
  none: { command: [x], env_files: { inherit: false } }
  own: { command: [x], env_files: { paths: [own.env], inherit: false } }
  both: { command: [x], env_files: { paths: [own.env] } }
`,
    '.env': 'A=project\nB=project\n',
    'own.env': 'B=own\n',
    'procs.back.yaml': 'services: { none: { env_files: { inherit: true } } }\n',
  };

  test('false: the service does not get the env files of the project', async () => {
    const { services } = await accept(files);
    expect(Object.fromEntries(services.map(({ name, env: { OF_PROJECT: _, ...env } }) => [name, env]))).toEqual({
      all: { A: 'project', B: 'project' },
      none: {},
      own: { B: 'own' },
      both: { A: 'project', B: 'own' },
    });
    expect(services.every(({ env }) => env.OF_PROJECT === 'env')).toBe(true);
    const { built } = await loadWithTree(files);
    const printed = printYaml(effectiveTree(built!, { defaults: false }), null);
    expect((await accept(printed)).services).toEqual(services);
  });

  test('an overlay turns it back, and a map is the same as its list', async () => {
    const { services } = await accept(files, { env: 'back' });
    expect(services[1]!.env).toMatchObject({ A: 'project' });
    const listed = { ...files, 'procs.yaml': files['procs.yaml'].replace('{ paths: [own.env] }', '[own.env]') };
    expect((await accept(listed)).services[3]).toEqual((await accept(files)).services[3]);
  });

  test('a missing file has its place', async () => {
    expect(await refuse({ ...files, 'procs.yaml': files['procs.yaml'].replace('[own.env] }', '[no.env] }') })).toEqual([
      'missing-file:8',
    ]);
  });
});
