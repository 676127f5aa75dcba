// Services of `orch init` that would share a name get different ones, and references to them follow.
import { expect, test } from 'vitest';
import { draftFromCompose } from '../../src/cli/init/compose.ts';
import type { Draft } from '../../src/cli/init/draft.ts';
import { draftFromPackage, draftFromProcfile } from '../../src/cli/init/sources.ts';
import { printDraft } from '../../src/cli/init/write-draft.ts';
import { accept } from '../config/loading.ts';

const load = (draft: Draft | null) => accept(printDraft('project', draft!, null));

test('a Procfile', async () => {
  const { services } = await load(draftFromProcfile('Web: node a\nweb: node b\nweb: node c\nweb-2: node d\n'));
  expect(services.map(({ name, command }) => [name, command])).toMatchObject([
    ['web', { line: 'node a' }],
    ['web-2', { line: 'node b' }],
    ['web-3', { line: 'node c' }],
    ['web-2-2', { line: 'node d' }],
  ]);
});

test('a compose file', async () => {
  const { services } = await load(
    draftFromCompose(
      'services: { api.v1: { command: [a] }, api-v1: { command: [b] }, c: { command: [c], depends_on: [api-v1] } }',
      'compose.yaml',
    ),
  );
  expect(services.map(({ name }) => name)).toEqual(['api-v1', 'api-v1-2', 'c']);
  expect(services[2]!.dependsOn).toMatchObject([{ service: 'api-v1-2' }]);
});

test('scripts', async () => {
  const scripts = { 'start:api': 'a', 'start.api': 'b' };
  const { services } = await load(draftFromPackage(JSON.stringify({ scripts }), 'npm'));
  expect(services.map(({ name }) => name)).toEqual(['start-api', 'start-api-2']);
});

test('long names', async () => {
  const long = 'a'.repeat(70);
  const { services } = await load(draftFromProcfile(`${long}: x\n${long}b: y\n`));
  expect(services.map(({ name }) => name.length)).toEqual([63, 60]);
});
