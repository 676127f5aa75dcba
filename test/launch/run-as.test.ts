// `user`, `group` and `umask`: how a command is started, and when it is refused.
import { execFileSync } from 'node:child_process';
import { afterEach, expect, test, vi } from 'vitest';
import type { UserAccount } from '../../src/core/run-as-spec.ts';
import { ownerOf, runAs, userVariables, whyRefused } from '../../src/launch/run-as.ts';

afterEach(() => vi.restoreAllMocks());

const web: UserAccount = { name: 'web', uid: 4_242, gid: 4_243, home: '/srv/web', hasEntry: true };
const NOTHING = { user: null, group: null, umask: null };
const PROGRAM = { file: 'node', args: ['api.js'] };
const actAs = (uid: number, gid = uid) => {
  vi.spyOn(process, 'geteuid').mockReturnValue(uid);
  vi.spyOn(process, 'getegid').mockReturnValue(gid);
};

test('nothing declared changes nothing', () => {
  expect(runAs(PROGRAM, NOTHING)).toBe(PROGRAM);
  expect(userVariables(NOTHING)).toEqual({});
});

test.each([
  ['its own groups', { user: web }, ['--reuid=4242', '--regid=4243', '--init-groups']],
  ['another group', { user: web, group: { name: 'adm', gid: 4 } }, ['--reuid=4242', '--regid=4', '--init-groups']],
  ['no account', { user: { ...web, hasEntry: false } }, ['--reuid=4242', '--regid=4243', '--clear-groups']],
  ['a group alone', { group: { name: 'adm', gid: 4 } }, ['--reuid=0', '--regid=4', '--keep-groups']],
])('root becomes the user: %s', (_, declared, options) => {
  actAs(0);
  const { file, args } = runAs(PROGRAM, { ...NOTHING, ...declared });
  expect(file).toMatch(/^\/.*setpriv$/);
  expect(args).toEqual([...options, '--', 'node', 'api.js']);
});

test('what may not run as declared fails with the reason, and never runs as orch does', () => {
  actAs(1_000);
  const because = 'cannot run as the user "web": only root may change the user, and orch runs as uid 1000';
  expect(whyRefused({ user: web, group: null })).toBe(because);
  const { file, args } = runAs(PROGRAM, { ...NOTHING, user: web });
  expect(args).not.toContain('node');
  expect(() => execFileSync(file, args, { stdio: 'pipe' })).toThrow(because);
});

test('the own user needs no root', () => {
  actAs(web.uid, web.gid);
  expect(whyRefused({ user: web, group: null })).toBeNull();
  expect(ownerOf({ user: web, group: null })).toBeNull();
  expect(runAs(PROGRAM, { ...NOTHING, user: web })).toEqual(PROGRAM);
  expect(whyRefused({ user: web, group: { name: 'adm', gid: 4 } })).toMatch('as the user "web"');
});

test('a umask is set for the program, whose words stay as they are', () => {
  const { file, args } = runAs({ file: 'printf', args: ['%s.', 'a b', '$HOME'] }, { ...NOTHING, umask: '027' });
  expect(execFileSync(file, args, { encoding: 'utf8' })).toBe('a b.$HOME.');
  const shown = runAs({ file: '/bin/sh', args: ['-c', 'umask'] }, { ...NOTHING, umask: '027' });
  expect(execFileSync(shown.file, shown.args, { encoding: 'utf8' }).trim()).toBe('0027');
});
