// Several overlays in order, and the personal one on top.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { describe, expect, test } from 'vitest';
import { environmentName, layersOf, overlayOf, personalOverlayIn } from '../../src/core/environment-name.ts';
import { accept, load, refuse } from './loading.ts';

const files = {
  'procs.yaml': 'services: { api: { command: [a], env: { A: base, B: base, C: base, ENV: "${ORCH_ENV}" } } }',
  'procs.dev.yaml': 'services: { api: { env: { A: dev, B: dev } } }',
  'procs.eu.yaml': 'services: { api: { env: { A: eu } } }',
};
const personal = { ...files, 'procs.local.yaml': 'services: { api: { env: { A: mine, M: mine } } }' };
const envOf = async (all: Record<string, string>, env: string | null, environment = {}) =>
  (await accept(all, { env, environment })).services[0]!.env;

test.for([
  [undefined, null],
  ['', null],
  [' , ', null],
  ['dev', 'dev'],
  ['dev,local', 'dev,local'],
  [' dev , local,', 'dev,local'],
] as const)('%j names %j', ([written, name]) => {
  expect(environmentName(written)).toBe(name);
  expect(layersOf(name).join()).toBe(name ?? '');
});

test.for([
  ['procs.yaml', 'procs.dev.yaml'],
  ['/a.b/procs.yml', '/a.b/procs.dev.yml'],
  ['/a.b/procs', '/a.b/procs.dev'],
] as const)('the overlay of %s is %s', ([file, overlay]) => {
  expect(overlayOf(file, 'dev')).toBe(overlay);
});

describe('overlays', () => {
  test('are merged in the order in which they are named; the name of the environment is the whole list', async () => {
    expect(await envOf(files, 'dev,eu')).toEqual({ A: 'eu', B: 'dev', C: 'base', ENV: 'dev,eu' });
    expect(await envOf(files, 'eu,dev')).toEqual({ A: 'dev', B: 'dev', C: 'base', ENV: 'eu,dev' });
    expect((await accept(files, { env: 'dev,eu' })).env).toBe('dev,eu');
  });

  test('that a file includes as well are merged twice, with a warning at the include', async () => {
    const twice = { ...files, 'procs.yaml': `include: [procs.dev.yaml]\n${files['procs.yaml']}` };
    const result = await load(twice, { env: 'dev' });
    const warnings = result.ok ? result.accepted.warnings : [];
    expect(warnings.map(({ code, file, line }) => [code, file, line])).toEqual([['included-twice', 'procs.yaml', 1]]);
    const alone = await load(twice);
    expect(alone.ok && alone.accepted.warnings).toEqual([]);
  });

  test('are named once each, and each must exist', async () => {
    expect(await refuse(files, { env: 'dev,dev' })).toEqual(['bad-name:null']);
    expect(await refuse(files, { env: 'dev,us,xx' })).toEqual(['missing-overlay:null', 'missing-overlay:null']);
  });
});

describe('the personal overlay', () => {
  test('is read last without being asked for, and does not change the name', async () => {
    expect(await envOf(personal, 'dev,eu')).toEqual({ A: 'mine', B: 'dev', C: 'base', M: 'mine', ENV: 'dev,eu' });
    expect(await envOf(personal, null)).toMatchObject({ A: 'mine', ENV: '' });
    const result = await load(personal, { env: 'dev' });
    const read = result.ok ? result.accepted : { files: [], config: { env: null } };
    expect(read.files).toEqual(['procs.yaml', 'procs.dev.yaml', 'procs.local.yaml']);
    expect(personalOverlayIn(read.files, read.config.env)).toBe('procs.local.yaml');
  });

  test('has its own place when it is named', async () => {
    expect(await envOf(personal, 'local,eu')).toMatchObject({ A: 'eu', M: 'mine', ENV: 'local,eu' });
    expect(personalOverlayIn(['procs.yaml', 'procs.local.yaml'], 'local')).toBeNull();
  });

  test('is left out by ORCH_NO_LOCAL, unless it is named', async () => {
    expect(await envOf(personal, 'dev', { ORCH_NO_LOCAL: '1' })).toEqual({ A: 'dev', B: 'dev', C: 'base', ENV: 'dev' });
    expect(await envOf(personal, 'dev', { ORCH_NO_LOCAL: '0' })).toMatchObject({ A: 'mine' });
    expect(await envOf(personal, 'local', { ORCH_NO_LOCAL: '1' })).toMatchObject({ A: 'mine' });
  });

  test('is watched although it is not there, unless it is left out', async () => {
    const watched = async (environment = {}) => {
      const result = await load(files, { environment });
      return result.ok ? result.accepted.watched.map(({ path }) => path) : [];
    };
    expect(await watched()).toContain('/project/procs.local.yaml');
    expect(await watched({ ORCH_NO_LOCAL: '1' })).not.toContain('/project/procs.local.yaml');
  });

  test('is checked like any other file', async () => {
    expect(await refuse({ ...files, 'procs.local.yaml': 'services: [' })).toEqual(['syntax:1']);
  });
});
