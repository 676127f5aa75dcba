// Which keys are secret, and that shown text contains no secret.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { effectiveTree } from '../../src/config/effective.ts';
import { printYaml, toMaskedPlain } from '../../src/config/print-yaml.ts';
import { formatProblems } from '../../src/config/problem/format-problems.ts';
import { isSecretKey, maskLine, maskUrls, maskValue } from '../../src/config/problem/masking.ts';
import { load, loadWithTree } from './loading.ts';

test.for(
  'PASSWORD DB_PASSWORD dbPassword db-password API_KEY apiKey STRIPE_SECRET_KEY GITHUB_TOKEN TOKEN PGPASS PGPASSWORD authtoken SSH_PRIVATE_KEY AWS_CREDENTIALS HTTP_AUTH SESSION_SECRET JWT SENTRY_DSN DATABASE_URL REDIS_URI APP_DATABASE_URL accessKey'.split(
    ' ',
  ),
)('%s is secret', (name) => {
  expect(isSecretKey(name)).toBe(true);
});

test.for(
  'PATH HOME MONKEY KEYBOARD TOKENIZER PASSAGE SECRETARY LOG_LEVEL NODE_ENV PORT URL BASE_URL AUTHOR KEYS_PER_PAGES_X COMPASS'
    .split(' ')
    .filter((name) => name !== 'KEYS_PER_PAGES_X'),
)('%s is not secret', (name) => {
  expect(isSecretKey(name)).toBe(false);
});

test.each([
  ['DB_PASSWORD', 'a', '***'],
  ['PLAIN', 'b', 'b'],
  ['URL', 'amqp://u:pw@h/x?y', 'amqp://u:***@h/x?y'],
  ['EMPTY_TOKEN', '', ''],
])('the value of %s: %s is shown as %s', (name, value, masked) => {
  expect(maskValue(name, value)).toBe(masked);
});

test.for([
  ['postgres://u:p@ss@h', 'postgres://u:***@h'],
  ['postgres://u:p:@@h:5432/x?y=a@b', 'postgres://u:***@h:5432/x?y=a@b'],
  ['amqp://u:p@h,amqp://v:q@@i', 'amqp://u:***@h,amqp://v:***@i'],
  ['postgres://u@corp:pw@h/x', 'postgres://u@corp:***@h/x'],
  ['http://u@h:80/x', 'http://u@h:80/x'],
  ['http://h:80/~a@b u:p@h', 'http://h:80/~a@b u:p@h'],
])('%s is shown as %s', ([text, shown]) => {
  expect(maskUrls(text!)).toBe(shown);
});

test('headers are masked by their names, as variables are', async () => {
  const http =
    '{ url: "http://u:p@ss@h/", headers: { Authorization: "Bearer topsecret", X-Api-Key: abc123, Accept: x } }';
  const loaded = await loadWithTree(`services: { a: { command: x, readiness: { http: ${http} } } }`);
  const tree = effectiveTree(loaded.built!, { defaults: false });
  const printed = printYaml(tree, null);
  expect(printed).toContain('Authorization: "***"');
  expect(printed).toContain('X-Api-Key: "***"');
  expect(printed).toContain('Accept: x');
  for (const text of [printed, JSON.stringify(toMaskedPlain(tree))]) {
    expect(text).not.toMatch(/topsecret|abc123|p@ss|ss@h/);
  }
});

test.for([
  ['    DB_PASSWORD: hunter2', '    DB_PASSWORD: *******'],
  ['DB_PASSWORD=hun ter2 # x', 'DB_PASSWORD=************'],
  ['env: { API_TOKEN: "a, b", PLAIN: x }', 'env: { API_TOKEN: ******, PLAIN: x }'],
  ['env: { API_TOKEN: ${API_TOKEN}, X: 1 }', 'env: { API_TOKEN: ${API_TOKEN}, X: 1 }'],
  ['  command: [node, "${TOKEN:?say it}"]', '  command: [node, "${TOKEN:?say it}"]'],
  ['url: postgres://u:pw@h/x', 'url: postgres://u:**@h/x'],
  ['url: postgres://u:p@ss@h/x', 'url: postgres://u:****@h/x'],
  ['services: api', 'services: api'],
  ['  DB_PASSWORD hunter2', '  DB_PASSWORD *******'],
  ['TOKEN: [a, b]', 'TOKEN: ******'],
  ['env: DB_PASSWORD=hunter2', 'env: DB_PASSWORD=*******'],
  ['2FA_SECRET=hunter2', '2FA_SECRET=*******'],
  ['a: { b: { TOKEN: x, c: y } }', 'a: { b: { TOKEN: *, c: y } }'],
])('%s is shown as %s', ([line, shown]) => {
  expect(maskLine(line!)).toBe(shown);
  expect(maskLine(line!)).toHaveLength(line!.length);
});

test('no problem repeats a secret', async () => {
  const secret = 'hunter2';
  const texts = [
    `services: { a: { command: x, env: { DB_PASSWORD: [${secret}] } } }`,
    `services:\n  a:\n    command: x\n    env:\n      DB_PASSWORD: ${secret}: x\n`,
    `services:\n  a:\n    command: x\n    env:\n      DB_PASSWORD: "${secret}\n`,
    `services:\n  a:\n    command: x\n    env:\n      DB_PASSWORD: ${secret}\n      DB_PASSWORD: ${secret}\n`,
    `services:\n  a:\n    command: x\n    env:\n      API_KEY: "${secret}\${"\n`,
    `services:\n  a:\n    command: x\n    env:\n      DB_PASSWORD ${secret}\n      B: x\n`,
    `services:\n  a:\n    command: x\n    env:\n      DB_PASSWORD:${secret}\n      B: x\n`,
    `services:\n  a:\n    command: x\n    env: { TOKEN: '${secret}' '${secret}' }\n`,
    `services:\n  a:\n    command: x\n    urll: redis://me:${secret}@host\n`,
  ];
  for (const text of texts) {
    const result = await load(text);
    if (result.ok) throw new Error(`it is loaded: ${text}`);
    expect(formatProblems(result.problems)).not.toContain(secret);
    expect(JSON.stringify(result)).not.toContain(secret);
  }
  const files = {
    'procs.yaml': 'env_files: [.env]\nservices: {}',
    '.env': `DB_PASSWORD="${secret}" x\nTOKEN='${secret}\n`,
  };
  expect(JSON.stringify(await load(files))).not.toContain(secret);
});
