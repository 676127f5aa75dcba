// The YAML language server, over the schemas that `orch init` and `orch up` provide: what it offers, says and underlines.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { provideSchema } from '../../src/cli/context/schema-copy.ts';
import type { FileSource } from '../../src/config/files/file-source.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';
import { openYamlEditor } from '../rig/yaml-editor.ts';

const BASE = '# yaml-language-server: $schema=./.orch/procs.schema.json\n';
const OVERLAY = '# yaml-language-server: $schema=./.orch/procs.overlay.schema.json\n';
const repository = fileURLToPath(new URL('../..', import.meta.url));
const schema = JSON.parse(readFileSync(join(repository, 'schema/procs.schema.json'), 'utf8'));
const topKeys = Object.keys(schema.properties);
const serviceKeys = Object.keys(schema.definitions.service.properties);

/** A directory with the schemas, and an editor. */
async function openProject() {
  const directory = temporaryDirectory('editor');
  provideSchema(directory, BASE);
  return { at: (name: string) => join(directory, name), editor: await openYamlEditor() };
}

test('completion offers every key, and snippets that are what a person would write', async () => {
  const { at, editor } = await openProject();
  const complete = (text: string) => editor.complete(at('procs.yaml'), BASE + text);
  const labels = async (text: string) => (await complete(text)).map(({ label }) => label);

  expect(await labels('|')).toEqual(expect.arrayContaining(topKeys));
  const keys = await complete('services:\n  api:\n    |');
  expect(keys.map(({ label }) => label)).toEqual(expect.arrayContaining(serviceKeys));
  const inserted = Object.fromEntries(keys.map(({ label, text }) => [label, text]));
  expect(inserted.readiness).toBe('readiness:\n  http: ${1:http://127.0.0.1:\\${PORT\\}/healthz}');
  expect(inserted.stop).toBe('stop:\n  signal: ${1:SIGTERM}\n  grace: ${2:10s}');
  expect(inserted.command).toBe('command: ');
  expect(keys.find(({ label }) => label === 'ready_after')?.about).toContain('must live to count as ready');

  expect(await labels('services:\n  api:\n    restart: |')).toEqual(
    expect.arrayContaining(['always', 'on_failure', 'never', 'always, with a back-off']),
  );
  expect(await labels('services:\n  api:\n    depends_on:\n      db: |')).toEqual(
    expect.arrayContaining(['started', 'ready', 'completed', 'ended']),
  );
  expect(await labels('services:\n  api:\n    readiness:\n      |')).toEqual(
    expect.arrayContaining(['http', 'exec', 'tcp']),
  );
  expect(await labels('log_queues:\n  main:\n    overflow: |')).toEqual(
    expect.arrayContaining(['block', 'drop_oldest']),
  );
  expect(await labels('services:\n  api:\n    stop:\n      signal: |')).toEqual(expect.arrayContaining(['SIGINT']));
  expect(await labels('services:\n  api:\n    singleton: |')).toEqual(expect.arrayContaining(['refuse', 'wait']));

  for (const key of serviceKeys)
    expect([
      key,
      (await labels(`services:\n  api:\n    ${key}: |`)).filter((label) => label.includes('[object')),
    ]).toEqual([key, []]);
});

test('completion in an overlay offers the same keys', async () => {
  const { at, editor } = await openProject();
  const complete = async (text: string) => await editor.complete(at('procs.prod.yaml'), OVERLAY + text);
  const keys = await complete('services:\n  api:\n    |');
  expect(keys.map(({ label }) => label)).toEqual(expect.arrayContaining(serviceKeys));
  expect(keys.find(({ label }) => label === 'stop')?.text).toBe('stop:\n  signal: ${1:SIGTERM}\n  grace: ${2:10s}');
  const values = (await complete('services:\n  api:\n    restart: |')).map(({ label }) => label);
  expect(values).toEqual(expect.arrayContaining(['always', 'never']));
});

test('the text over each key is its description, in procs.yaml and in an overlay', async () => {
  const { at, editor } = await openProject();
  const plain = (text: string): string => text.replace(/[\\`]/g, '');
  const values: Record<string, string> = { command: '[a]', services: '{ a: {} }' };
  for (const [name, line] of [
    ['procs.yaml', BASE],
    ['procs.prod.yaml', OVERLAY],
  ] as const) {
    const hover = async (text: string) => plain(await editor.hover(at(name), line + text));
    for (const key of topKeys.filter((name) => name !== 'include')) {
      const { description } = schema.properties[key];
      expect(await hover(`${key[0]}|${key.slice(1)}: ${values[key] ?? '{}'}`)).toContain(
        plain(description).slice(0, 40),
      );
    }
    for (const key of ['cwd', 'env', 'depends_on', 'readiness', 'restart', 'stop', 'schedule', 'ready_after', 'tags']) {
      const { description } = schema.definitions.service.properties[key];
      const text = await hover(`services:\n  api:\n    ${key[0]}|${key.slice(1)}: {}`);
      expect([key, text]).toEqual([key, expect.stringContaining(plain(description).slice(0, 40))]);
      expect(text).not.toContain('####');
    }
  }
});

test('nothing is underlined in the examples, their overlays, and lists that extend others', async () => {
  const { at, editor } = await openProject();
  const examples = join(repository, 'examples');
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /procs[\w.]*\.yaml$/.test(file),
  );
  expect(files.length).toBeGreaterThan(8);
  const shown = await Promise.all(
    files.map(async (file, index) => {
      const line = /procs\.yaml$/.test(file) ? BASE : OVERLAY;
      const text = readFileSync(join(examples, file), 'utf8').replaceAll('yaml-language-server', 'replaced');
      return { file, underlined: await editor.show(at(`${index}.yaml`), line + text) };
    }),
  );
  expect(shown.filter(({ underlined }) => underlined.length > 0)).toEqual([]);
  const extended =
    'services: { api: { tags: !append [a], env_files: !prepend [b.env], port: null, stop: { grace: null } } }\n';
  expect(await editor.show(at('procs.dev.yaml'), OVERLAY + extended)).toEqual([]);
});

/** What a schema can say, and says: wherever `orch validate` has such a problem, the editor underlines the line. */
const SAID_BY_SCHEMA = new Set(
  'unknown-key wrong-type bad-name bad-key bad-extension empty-value duplicate-key merge-conflict odd-space'.split(' '),
);
/** Files on which the two place the mistake differently, because the text is not YAML, or is YAML that orch refuses earlier. */
const PLACED_OTHERWISE = /^(alias-bomb|service-name-number|utf-16|merge-conflict|tab-indentation|unclosed-)/;

test('the editor underlines what validate reports, as far as a schema can say it, and nothing else', async () => {
  const { at, editor } = await openProject();
  const directory = join(repository, 'test/fixtures/bad');
  const names = readdirSync(directory).filter((name) => name.endsWith('.yaml'));
  const results = await Promise.all(
    names.map(async (name) => {
      const bytes = readFileSync(join(directory, name));
      const underlined = await editor.show(at(name), BASE + bytes.toString('utf8'));
      const loaded = await loadConfig({
        file: '/project/procs.yaml',
        env: null,
        environment: {},
        source: oneFile(bytes),
      });
      const problems = loaded.ok ? [] : loaded.problems;
      // The first line names the schema.
      return { name, problems, lines: new Set(underlined.map(({ line }) => line - 1)) };
    }),
  );
  const missing = results.flatMap(({ name, problems, lines }) =>
    problems
      .filter(({ code, line }) => SAID_BY_SCHEMA.has(code) && line !== null && !lines.has(line))
      .map(({ code, line }) => `${name}:${line} ${code}`),
  );
  expect(missing).toEqual([]);
  const surplus = results
    .filter(({ name }) => !PLACED_OTHERWISE.test(name))
    .flatMap(({ name, problems, lines }) =>
      [...lines]
        .filter((line) => !problems.some((problem) => isAt(problem.line, line)))
        .map((line) => `${name}:${line}`),
    );
  expect(surplus).toEqual([]);
  const said = results.flatMap(({ problems }) => problems).filter(({ code }) => SAID_BY_SCHEMA.has(code));
  expect(said.length).toBeGreaterThan(100);
});

/** A mistake in the syntax makes values of the lines around it wrong. */
const isAt = (reported: number | null, underlined: number): boolean =>
  reported !== null && Math.abs(reported - underlined) <= 1;

function oneFile(bytes: Buffer): FileSource {
  return {
    read: async (path) => (path === '/project/procs.yaml' ? { kind: 'bytes', bytes } : { kind: 'missing' }),
    list: async () => ['procs.yaml'],
    resolve: async (path) => path,
  };
}
