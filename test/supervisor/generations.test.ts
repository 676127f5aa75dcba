// What is remembered of generations: records on disk, the last configurations in memory.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { historyFile, projectPaths } from '../../src/api/paths.ts';
import type { AcceptedConfig } from '../../src/core/load-result.ts';
import { Generations, type KeptConfigs } from '../../src/supervisor/config/generations.ts';
import { config, spec } from '../core/fixtures.ts';
import { temporaryDirectory } from '../rig/temporary-directory.ts';

const accepted = (token: string): AcceptedConfig => ({
  config: config(spec('api', { env: { TOKEN: token } })),
  watched: [],
  files: ['procs.yaml'],
  warnings: [],
});
const note = (by: 'up' | 'edit' | 'recovery', token: string) =>
  ({ by, accepted: accepted(token), summarize: () => 'a change', to: undefined }) as const;

function generationsIn(root: string, earlier: KeptConfigs = {}) {
  const paths = projectPaths(root);
  mkdirSync(paths.stateDir, { recursive: true });
  const clock = { nowMs: () => 5_000, setTimer: () => ({ cancel: () => undefined }) };
  const generations = new Generations({ paths, clock }, { fileNow: () => join(root, 'procs.yaml'), earlier });
  return { generations, path: historyFile(paths) };
}

test('a hundred records and twenty configurations are kept; no configuration is written', async () => {
  const { generations, path } = generationsIn(temporaryDirectory());
  for (let number = 1; number <= 130; number++) generations.note(number, note('edit', `sesame-${number}`));
  await generations.save();
  expect(generations.records.map(({ generation }) => generation)).toEqual(
    Array.from({ length: 100 }, (_, at) => at + 31),
  );
  expect(Object.keys(generations.kept)).toHaveLength(20);
  expect(generations.find(120)?.accepted).toEqual(accepted('sesame-120'));
  expect(generations.find(130)?.accepted).toEqual(accepted('sesame-130'));
  expect(generations.find(40)).toMatchObject({ accepted: null, record: { generation: 40, by: 'edit' } });
  expect(generations.find(7)).toBeNull();
  expect(readFileSync(path, 'utf8')).not.toContain('sesame');
});

test('the generation before is one with another configuration, also over a supervisor that was lost', async () => {
  const root = temporaryDirectory();
  const { generations } = generationsIn(root);
  generations.note(1, note('up', 'a'));
  generations.note(2, note('edit', 'b'));
  expect(generations.before(1)).toBeNull();
  expect(generations.before(2)).toBe(1);
  await generations.save();
  const { generations: next } = generationsIn(root, generations.kept);
  expect(await next.load()).toBe(2);
  next.note(3, note('recovery', 'b'));
  expect(next.before(3)).toBe(1);
  expect(next.find(2)?.accepted).toEqual(accepted('b'));
});

test('a supervisor that was replaced does not write over the records of the next one', async () => {
  const root = temporaryDirectory();
  const { generations, path } = generationsIn(root);
  generations.note(1, note('up', 'a'));
  await generations.save();
  generations.freeze();
  const { generations: next } = generationsIn(root, generations.kept);
  await next.load();
  next.note(2, note('edit', 'b'));
  await next.save();
  await generations.save();
  const { generations: records } = JSON.parse(readFileSync(path, 'utf8')) as { generations: { generation: number }[] };
  expect(records.map(({ generation }) => generation)).toEqual([1, 2]);
});

test('the summary is asked for later, and is there whenever the records are read', async () => {
  const { generations } = generationsIn(temporaryDirectory());
  let asked = 0;
  generations.note(1, { ...note('up', 'a'), summarize: () => `asked ${++asked} times` });
  expect(asked).toBe(0);
  expect(generations.records[0]?.summary).toBe('asked 1 times');
  await generations.save();
  expect(generations.records[0]?.summary).toBe('asked 1 times');
});

test('a generation is kept as soon as the next one is there', () => {
  const { generations } = generationsIn(temporaryDirectory());
  generations.note(1, note('up', 'a'));
  expect(generations.kept).toEqual({});
  generations.note(2, note('edit', 'b'));
  expect(Object.keys(generations.kept)).toEqual(['1']);
});
