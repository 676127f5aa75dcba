// An edit that is read alone gives what reading the whole file gives, or is not read alone.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { type EditBase, editBase, loadEdit } from '../../src/config/load-edit.ts';
import { splitServices } from '../../src/config/yaml/split-services.ts';
import type { LoadResult } from '../../src/core/load-result.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const directory = temporaryDirectory();
const file = join(directory, 'procs.yaml');
const request = { file, env: null, environment: { HOME: '/var/ada' } };

function wholeOf(text: string): Promise<LoadResult> {
  writeFileSync(file, text);
  return loadConfig(request);
}

async function baseOf(text: string): Promise<EditBase | null> {
  const result = await wholeOf(text);
  return result.ok ? editBase(text, result.accepted) : null;
}

/** @returns whether the edit was read alone; it is then the same */
async function compare(before: string, after: string): Promise<boolean> {
  const base = await baseOf(before);
  if (!base) return false;
  const whole = await wholeOf(after);
  const edit = await loadEdit(base, after, request);
  if (edit === null) return false;
  expect(whole).toEqual({ ok: true, accepted: edit.accepted });
  return true;
}

const PROJECT = `# a project
name: shop
env: { TZ: UTC }
defaults: { restart: on_failure }
services:
  # the database
  db:
    command: [db, --quiet]
    readiness: { log: ready }
  api:
    command: [api]
    env: { A: one }
    depends_on: { db: ready }

  web:
    command: npm run web
    depends_on: [api]
  mail:
    command: [mailer]
`;

describe('is read alone:', () => {
  const cases: [what: string, edit: (text: string) => string][] = [
    ['a changed value', (text) => text.replace('A: one', 'A: two')],
    ['a value with a variable', (text) => text.replace('A: one', `A: '\${HOME}/two'`)],
    ['a new service', (text) => `${text}  more:\n    command: [more]\n    depends_on: [web]\n`],
    ['a new service at the top', (text) => text.replace('  # the database', '  first:\n    command: [first]\n')],
    ['a removed service', (text) => text.replace('  mail:\n    command: [mailer]\n', '')],
    ['a renamed service', (text) => text.replace('mail:', 'post:')],
    ['a comment', (text) => text.replace('[mailer]', '[mailer] # sends mail')],
    [
      'two services that change places',
      (text) =>
        text
          .replace('  mail:\n    command: [mailer]\n', '')
          .replace('  api:', '  mail:\n    command: [mailer, -v]\n  api:'),
    ],
    ['a changed dependency', (text) => text.replace('[api]\n  mail', '[db]\n  mail')],
  ];
  test.each(cases)('%s', async (_what, edit) => {
    expect(edit(PROJECT)).not.toBe(PROJECT);
    expect(await compare(PROJECT, edit(PROJECT))).toBe(true);
  });
});

describe('needs the whole file:', () => {
  const cases: [what: string, edit: (text: string) => string][] = [
    ['an edit of the defaults', (text) => text.replace('on_failure', 'always')],
    ['a port', (text) => text.replace('A: one }', 'A: one }\n    port: 8000')],
    ['a mistake', (text) => text.replace('[mailer]', '{ no: command }')],
    ['an unknown dependency', (text) => text.replace('[api]\n  mail', '[nothing]\n  mail')],
    ['a cycle', (text) => text.replace('readiness: { log: ready }', 'depends_on: [web]')],
    ['the removal of a service that another one names', (text) => text.replace(/ {2}api:[\s\S]*(?= {2}web)/, '')],
    ['half a file', (text) => text.slice(0, text.indexOf('web:') + 12)],
    ['an empty file', () => ''],
    ['no services', (text) => text.replace(/services:[\s\S]*/, 'services: {}\n')],
    ['a block text', (text) => text.replace('npm run web', '|\n      npm run web\n      echo done')],
    ['an anchor', (text) => text.replace('A: one', 'A: &one one')],
    ['a name twice', (text) => `${text}  mail:\n    command: [other]\n`],
    ['a tab', (text) => text.replace('    command: [mailer]', '\tcommand: [mailer]')],
    ['an include', (text) => `include: [other.yaml]\n${text}`],
    ['variables of the file', (text) => `vars: { A: b }\n${text}`],
  ];
  test.each(cases)('%s', async (_what, edit) => {
    expect(edit(PROJECT)).not.toBe(PROJECT);
    expect(await compare(PROJECT, edit(PROJECT))).toBe(false);
  });
});

/** A small generator with a seed. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const NAMES = ['api', 'db', 'web', 'mail', 'a', 'node', 'queue-1', 'x'];
const KEYS: ((pick: (below: number) => number) => string)[] = [
  (pick) => `env: { A: '${pick(3)}' }`,
  (pick) => `depends_on: [${NAMES[pick(NAMES.length)]}]`,
  (pick) => `depends_on: { ${NAMES[pick(NAMES.length)]}: ${['started', 'ready', 'completed'][pick(3)]} }`,
  (pick) => `pool: ${pick(3)}`,
  (pick) => `restart: ${['always', 'never'][pick(2)]}`,
  (pick) => `port: ${8000 + pick(3)}`,
  (pick) => `singleton: { key: k${pick(2)} }`,
  (pick) => `readiness: { tcp: "127.0.0.1:${9000 + pick(2)}" }`,
  (pick) => `readiness: { http: "http://127.0.0.1:\${${NAMES[pick(NAMES.length)]}.port}/" }`,
  (pick) => `log_queue: ${['default', 'other'][pick(2)]}`,
  (pick) => `description: about ${NAMES[pick(NAMES.length)]} $HOME`,
  () => 'enabled: false',
  () => 'nonsense: 1',
];

function service(name: string, pick: (below: number) => number): string {
  const keys = new Map(
    Array.from({ length: pick(3) }, () => KEYS[pick(KEYS.length)]!(pick)).map((line) => [line.split(':')[0], line]),
  );
  return `  ${name}:\n    command: [${NAMES[pick(NAMES.length)]}]\n${[...keys.values()].map((line) => `    ${line}\n`).join('')}`;
}

test('random edits give the same as the whole file', { timeout: 60_000 }, async () => {
  let alone = 0;
  for (let seed = 1; seed <= 400; seed++) {
    const pick = chance(seed * 7919);
    const blocks = new Map(NAMES.slice(0, 5 + pick(4)).map((name) => [name, service(name, pick)]));
    const text = () => `log_queues: { other: {} }\nservices:\n${[...blocks.values()].join('')}`;
    // Most random projects have a mistake: this looks for one that has none.
    for (let round = 0; round < 12 && (await baseOf(text())) === null; round++) {
      const name = [...blocks.keys()][pick(blocks.size)]!;
      blocks.set(name, `  ${name}:\n    command: [run]\n`);
    }
    const before = text();
    for (let edits = 1 + pick(2); edits > 0; edits--) {
      const name = NAMES[pick(NAMES.length)]!;
      if (pick(4) === 0 && blocks.size > 1) blocks.delete(name);
      else blocks.set(name, service(name, pick));
    }
    if (await compare(before, text())) alone++;
  }
  expect(alone).toBeGreaterThan(60);
});

test('a file that is cut off anywhere is never read as a shorter one unless it is one', async () => {
  for (let end = 0; end < PROJECT.length; end += 3) await compare(PROJECT, PROJECT.slice(0, end));
});

test('a file in another style is not split', () => {
  for (const text of [
    'a: 1\n',
    'services: { a: { command: [x] } }\n',
    'services:\n  a: { command: [x] }\n',
    'services:\n- a\n',
  ])
    expect(splitServices(text)).toBeNull();
});

test('an edit keeps the very specs of the services that it leaves alone', async () => {
  const base = (await baseOf(PROJECT))!;
  const edit = (await loadEdit(base, PROJECT.replace('A: one', 'A: two'), request))!;
  const [before, after] = [base, edit].map(({ accepted }) => accepted.config.services);
  expect(after!.map((spec, index) => spec === before![index])).toEqual([true, false, true, true]);
});
