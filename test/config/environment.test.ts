// What instances find in their environment, and how variables get into the configuration.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { describe, expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml } from '../../src/config/print-yaml.ts';
import { acceptService, load, loadWithTree, refuse } from './loading.ts';

describe('the environment of an instance', () => {
  const files = {
    'procs.yaml':
      'env_files: [p.env]\nenv: { B: project, C: project, D: project, X: project }\nservices:\n  api: { command: a, env_files: [s.env], env: { D: service, X: null } }\n',
    'p.env': 'A=project-file\nB=project-file\n',
    's.env': 'C=service-file\nD=service-file\n',
  };

  test('project env files, project env, service env files, service env: the later wins', async () => {
    expect((await acceptService(files)).env).toEqual({
      A: 'project-file',
      B: 'project',
      C: 'service-file',
      D: 'service',
    });
  });

  test('declared values win over the environment of orch', async () => {
    expect((await acceptService(files, { environment: { A: 'shell', D: 'shell' } })).env).toMatchObject({
      A: 'project-file',
      D: 'service',
    });
  });

  test('values of env files are taken as they are', async () => {
    const text = 'services: { api: { command: a, env_files: [s.env] } }';
    const env = (
      await acceptService({
        'procs.yaml': text,
        's.env': 'A=\'${HOME} $$\'\nB="x\\ny"\nC=plain # note\nexport D=`q`\n',
      })
    ).env;
    expect(env).toEqual({ A: '$${HOME} $$$$', B: 'x\ny', C: 'plain', D: 'q' });
  });

  test('an optional file may be missing, and is watched', async () => {
    const result = await load('env_files: ["?.env"]\nservices: {}');
    expect(result.ok && result.accepted.watched.map(({ path, contentHash }) => [path, contentHash === null])).toEqual([
      ['/project/procs.yaml', false],
      ['/project/procs.local.yaml', true],
      ['/project/.env', true],
    ]);
  });

  test('a missing file is watched as well', async () => {
    const result = await load('services: { api: { command: a, env_files: [x.env] } }');
    expect(result.ok ? [] : result.watched.map(({ path }) => path)).toEqual([
      '/project/procs.yaml',
      '/project/procs.local.yaml',
      '/project/x.env',
    ]);
  });
});

describe('secrets', () => {
  const base = 'env: { A: { secret: a }, B: { secret: ../b }, C: text }\n';
  const service = (env: string) => `${base}services: { api: { command: a, env: ${env} } }\n`;

  test('are files below the project, and win and give way as any other value does', async () => {
    const env = (await acceptService(service('{ B: text, C: { secret: ./c }, D: { secret: /run/d } }'))).env;
    expect(env).toEqual({
      A: { secret: '/project/a' },
      B: 'text',
      C: { secret: '/project/c' },
      D: { secret: '/run/d' },
    });
  });

  test('a null and an overlay take them away or put another in their place', async () => {
    const files = {
      'procs.yaml': service('{ A: null, B: { secret: b2 }, C: x }'),
      'procs.prod.yaml': 'env: { B: plain }\nservices: { api: { env: { B: { secret: /run/b }, C: { secret: c } } } }\n',
    };
    const env = (await acceptService(files, { env: 'prod' })).env;
    expect(env).toEqual({ B: { secret: '/run/b' }, C: { secret: '/project/c' } });
  });

  test('defaults and env files are laid with them', async () => {
    const files = {
      'procs.yaml':
        'defaults: { env: { A: { secret: a }, B: { secret: b } } }\nservices: { api: { command: a, env_files: [x.env], env: { B: own } } }\n',
      'x.env': 'A=from-file\nC=c\n',
    };
    expect((await acceptService(files)).env).toEqual({ A: { secret: '/project/a' }, B: 'own', C: 'c' });
  });

  test('the path may hold variables, of the load and of the instance', async () => {
    const text = 'services: { api: { command: a, env: { A: { secret: "${DIR}/key-${ORCH_INSTANCE}" } } } }';
    expect((await acceptService(text, { environment: { DIR: '/run/x' } })).env).toEqual({
      A: { secret: '/run/x/key-${ORCH_INSTANCE}' },
    });
  });

  test('PORT of a service with a port is not read from a file', async () => {
    const text = 'services: { api: { command: a, port: 80, env: { PORT: { secret: p } } } }';
    expect((await acceptService(text)).env).toEqual({});
  });

  test('are printed as they are written, under any key', async () => {
    const loaded = await loadWithTree(service('{ DB_PASSWORD: { secret: ./p } }'));
    const printed = printYaml(effectiveTree(loaded.built!, { defaults: false }), null);
    expect(printed).toContain('DB_PASSWORD:\n        secret: ./p\n');
  });
});

describe('variables', () => {
  test('the environment of orch wins over env files of the project', async () => {
    const files = {
      'procs.yaml': 'env_files: [.env]\nservices: { api: { command: ["${A}", "${B}"] } }',
      '.env': 'A=file\nB=file\n',
    };
    expect((await acceptService(files, { environment: { A: 'shell' } })).command).toMatchObject({
      argv: ['shell', 'file'],
    });
  });

  test('variables of an instance stay a template', async () => {
    const text =
      'services: { api: { port: 80, command: ["${PORT}", "${ORCH_INSTANCE}", "$$x", "${A}"], cwd: "${ORCH_SERVICE}", env: { U: "http://h:${PORT:-1}" } } }';
    const spec = await acceptService(text, { environment: { A: 'a$b', PORT: '9' } });
    expect(spec.command).toEqual({ kind: 'argv', argv: ['${PORT}', '${ORCH_INSTANCE}', '$$x', 'a$$b'] });
    expect(spec.cwd).toBe('/project/${ORCH_SERVICE}');
    expect(spec.env).toEqual({ U: 'http://h:${PORT:-1}' });
  });

  test('without a port, PORT is a variable like any other', async () => {
    const text = 'services: { api: { command: ["${PORT}"], env: { A: "${PORT:-7}" } } }';
    expect(await acceptService(text, { environment: { PORT: '9' } })).toMatchObject({
      command: { argv: ['9'] },
      env: { A: '9' },
    });
    expect(await refuse('services: { api: { command: ["${PORT}"] } }')).toEqual(['undefined-variable:1']);
  });

  test('shell commands are left to the shell', async () => {
    const spec = await acceptService("services: { api: { command: 'echo $HOME ${NOT_HERE} $$' } }");
    expect(spec.command).toEqual({ kind: 'shell', line: 'echo $HOME ${NOT_HERE} $$' });
  });

  test('a variable named command is not a shell command', async () => {
    expect(await refuse('services: { api: { command: a, env: { command: "${NOT_HERE}" } } }')).toEqual([
      'undefined-variable:1',
    ]);
  });

  test('a value of a variable may become a number or boolean, in quotes too; env stays strings', async () => {
    const text =
      'services:\n  api:\n    command: a\n    pool: ${N:-4}\n    enabled: ${E:-false}\n    env:\n      A: "${N:-4}"\n      B: ${N:-4}\n';
    expect(await acceptService(text)).toMatchObject({ pool: 4, enabled: false, env: { A: '4', B: '4' } });
    expect(
      await acceptService('services:\n  api:\n    command: a\n    pool:\n      size: ${N}\n', {
        environment: { N: '9' },
      }),
    ).toMatchObject({ pool: 9 });
    expect(await acceptService('services: { api: { command: a, pool: "${N:-4}" } }')).toMatchObject({ pool: 4 });
    expect(await refuse('services: { api: { command: a, pool: "4" } }')).toEqual(['bad-value:1']);
    expect(await refuse('services: { api: { command: a, pool: "${N:-x}" } }')).toEqual(['bad-value:1']);
  });

  test('overridden values need no variables', async () => {
    const files = {
      'procs.yaml': 'services: { api: { command: ["${NOT_HERE}"] } }',
      'procs.dev.yaml': 'services: { api: { command: [a] } }',
    };
    expect((await acceptService(files, { env: 'dev' })).command).toMatchObject({ argv: ['a'] });
  });

  test('nothing is run', async () => {
    expect((await acceptService('services: { api: { command: ["${A:-$(touch x)}", "`id`"] } }')).command).toMatchObject(
      { argv: ['$$(touch x)', '`id`'] },
    );
  });
});
