// `title` and `tags`: names next to the name of a service.
import { expect, test } from 'vitest';
import { diffServices } from '../../src/plan/diff-services.ts';
import { accept, acceptService } from './loading.ts';

const API = 'services: { api: { command: [node, a.js] } }';
const NAMED = 'services: { api: { command: [node, a.js], title: Public API, tags: [backend, web, backend] } }';

test('a service has its title and each tag once; without them, null and none', async () => {
  expect(await acceptService(NAMED)).toMatchObject({ title: 'Public API', tags: ['backend', 'web'] });
  expect(await acceptService(API)).toMatchObject({ title: null, tags: [] });
});

test('they are live: the spec hash stays, and a plan shows them', async () => {
  const [before, after] = [await acceptService(API), await acceptService(NAMED)];
  expect(after.specHash).toBe(before.specHash);
  expect(diffServices(before, after)).toEqual([
    { key: 'title', class: 'live', from: null, to: 'Public API' },
    { key: 'tags', class: 'live', from: null, to: 'backend, web' },
  ]);
});

test('tags of `defaults` hold unless a service has its own', async () => {
  const { services } = await accept(`
defaults: { tags: [app] }
services:
  api: { command: [a] }
  db: { command: [b], tags: [data] }
`);
  expect(services.map(({ tags }) => tags)).toEqual([['app'], ['data']]);
});
