// What selectors mean: tags, patterns, exceptions.
import { describe, expect, test } from 'vitest';
import { type Selectable, type Selection, selectablesOf, selectNames } from '../../src/api/select-names.ts';
import { sampleStatus } from '../api/fake-supervisor.ts';

const service = (name: string, change: Partial<Selectable> = {}): Selectable => ({
  name,
  instances: [`${name}.1`],
  tags: [],
  isDisabled: false,
  isAskedFor: true,
  ...change,
});
const SERVICES = [
  service('api', { instances: ['api.1', 'api.2', 'api.3'], tags: ['backend', 'web'] }),
  service('worker-mail', { tags: ['backend'] }),
  service('worker-report', { tags: ['backend'], isAskedFor: false }),
  service('worker-old', { tags: ['backend'], isDisabled: true }),
  service('db', { tags: ['data'] }),
];
const select = (line: string, purpose: Selection['purpose'] = 'look') => {
  const [words = '', except = ''] = line.split(' --except ');
  const listed = (text: string) => text.split(' ').filter((word) => word !== '' && word !== '--except');
  return selectNames(SERVICES, { words: listed(words), except: listed(except), purpose });
};
const ALL = SERVICES.map(({ name }) => name);

describe('what is looked at', () => {
  test.each([
    ['api', ['api']],
    ['unknown', ['unknown']],
    ['tag:web', ['api']],
    ['tag:backend', ['api', 'worker-mail', 'worker-report', 'worker-old']],
    ['tag:*a*', ['api', 'worker-mail', 'worker-report', 'worker-old', 'db']],
    ['worker-*', ['worker-mail', 'worker-report', 'worker-old']],
    ['d?', ['db']],
    ['*', ALL],
    ['api.*', ['api.1', 'api.2', 'api.3']],
    ['*.1', ['api.1', 'worker-mail.1', 'worker-report.1', 'worker-old.1', 'db.1']],
    ['db tag:web api', ['db', 'api']],
    ['tag:backend --except tag:web', ['worker-mail', 'worker-report', 'worker-old']],
    ['tag:backend --except worker-* ', ['api']],
    ['api db --except api.2', ['api.1', 'api.3', 'db']],
    ['api.1 api.2 --except api', null],
    ['* --except *', null],
    ['tag:backed', null],
    ['worker-x*', null],
    ['api.9?', null],
    ['api --except unknown', null],
    ['unknown --except db', null],
  ])('%s', (line, names) => {
    const selected = select(line);
    expect(Array.isArray(selected) ? selected : null).toEqual(names);
  });

  test('no words with an exception mean everything else', () => {
    expect(selectNames(SERVICES, { words: [], except: ['worker-*', 'api.3'], purpose: 'look' })).toEqual([
      'api.1',
      'api.2',
      'db',
    ]);
  });
});

describe('what a selector leaves out', () => {
  test('to start: what is disabled; of everything, what was not asked for', () => {
    expect(select('tag:backend', 'start')).toEqual(['api', 'worker-mail', 'worker-report']);
    expect(selectNames(SERVICES, { words: [], except: ['db'], purpose: 'start' })).toEqual(['api', 'worker-mail']);
    expect(select('worker-old', 'start')).toEqual(['worker-old']);
  });

  test('to wait or restart: what is not wanted', () => {
    expect(select('worker-*', 'wanted')).toEqual(['worker-mail']);
    expect(select('worker-o*', 'wanted')).toEqual({ word: 'worker-o*', kind: 'not-wanted', known: ['worker-old'] });
  });
});

test('a problem names the selector and what there is', () => {
  expect(select('tag:backed')).toEqual({
    word: 'tag:backed',
    kind: 'unmatched',
    known: ['tag:backend', 'tag:data', 'tag:web'],
  });
  expect(select('db --except tag:x')).toMatchObject({ word: 'tag:x', kind: 'unmatched' });
});

test('a dot of a pattern is a dot', () => {
  expect(select('api.?')).toEqual(['api.1', 'api.2', 'api.3']);
  expect(selectNames([service('apix1')], { words: ['api.*'], except: [], purpose: 'look' })).toMatchObject({
    kind: 'unmatched',
  });
});

test('of a running project: a service without instances is like a disabled one', () => {
  const status = sampleStatus();
  const [api, db, migrate] = status.services;
  Object.assign(api!, { runs: 'never' });
  Object.assign(db!, { runs: 'on_request', tags: ['data'] });
  Object.assign(migrate!, { pool: 0, instances: [] });
  expect(selectablesOf(status)).toEqual([
    service('api', { instances: ['api.1', 'api.2'], isDisabled: true }),
    service('db', { tags: ['data'], isAskedFor: false }),
    service('migrate', { instances: [], isDisabled: true }),
  ]);
});
