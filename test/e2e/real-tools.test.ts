// What an import takes for the meaning of pm2, concurrently and npm-run-all2, checked against the tools themselves. ORCH_TEST_TOOLS
// names a directory in which `npm install pm2 concurrently npm-run-all2` was run; without it nothing is checked.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createProject } from '../rig/project.ts';
import { makeDirectory, removeDirectory } from '../rig/temporary-directory.ts';

const tools = process.env.ORCH_TEST_TOOLS;

describe.skipIf(!tools)('the other tool', () => {
  test('pm2 restarts what ends with 0, and stops by SIGINT', async () => {
    const directory = prepare({
      'ecosystem.config.js':
        "module.exports = { apps: [{ name: 'end', script: 'end.js' }, { name: 'stay', script: 'stay.js' }] };",
      'end.js': "require('node:fs').appendFileSync('ended', 'x'); setTimeout(() => process.exit(0), 50);",
      'stay.js':
        "for (const s of ['SIGINT', 'SIGTERM']) process.on(s, () => { require('node:fs').writeFileSync('signal', s); process.exit(0); }); setInterval(() => {}, 1e6);",
    });
    const pm2 = (...args: string[]) =>
      execa(join(tools!, 'node_modules/.bin/pm2'), args, {
        cwd: directory,
        env: { PM2_HOME: join(directory, '.pm2') },
      });
    onTestFinished(async () => {
      await pm2('kill');
      removeDirectory(directory);
    });
    await pm2('start', 'ecosystem.config.js');
    await expect.poll(() => readIf(directory, 'ended').length, { timeout: 20_000 }).toBeGreaterThan(2);
    await pm2('stop', 'stay');
    expect(readIf(directory, 'signal')).toBe('SIGINT');

    const project = createProject({
      'ecosystem.config.js': readFileSync(join(directory, 'ecosystem.config.js'), 'utf8'),
    });
    const { stdout } = await project.mustOrch(['import', 'ecosystem.config.js']);
    expect(stdout).toContain('restart: always, stop: { signal: SIGINT');
  });

  test.each([
    ['concurrently', ['-k', 'node a.js', 'node b.js'], 0, 'down'],
    ['concurrently', ['node a.js', 'node b.js'], 0, undefined],
    ['concurrently', ['--kill-others-on-fail', 'node a.js', 'node b.js'], 0, undefined],
    ['concurrently', ['--kill-others-on-fail', 'node a.js', 'node b.js'], 3, 'down'],
    ['run-p', ['a', 'b'], 3, 'down'],
    ['run-p', ['a', 'b'], 0, undefined],
    ['run-p', ['-r', 'a', 'b'], 0, 'down'],
  ] as const)('%s %j with exit code %i', async (tool, args, code, expected) => {
    const line = [tool, ...args.map((word) => (word.includes(' ') ? `"${word}"` : word))].join(' ');
    const directory = prepare({
      'a.js': `setTimeout(() => process.exit(${code}), 300);`,
      // Until the test says so, or for long enough to be sure that nothing ended it.
      'b.js': "const t = setTimeout(() => require('node:fs').writeFileSync('b-stayed', ''), 1500);",
      'package.json': JSON.stringify({ scripts: { dev: line, a: 'node a.js', b: 'node b.js' } }),
    });
    onTestFinished(() => removeDirectory(directory));
    await execa(join(tools!, 'node_modules/.bin', tool), args, { cwd: directory, reject: false });
    expect(existsSync(join(directory, 'b-stayed'))).toBe(expected === undefined);

    const project = createProject({ 'package.json': readFileSync(join(directory, 'package.json'), 'utf8') });
    const { stdout } = await project.mustOrch(['import', 'package.json']);
    const policy = /on_end: down/.test(stdout) || (code !== 0 && /on_failure: down/.test(stdout)) ? 'down' : undefined;
    expect(policy).toBe(expected);
  });
});

function prepare(files: Record<string, string>): string {
  const directory = makeDirectory('tools');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

const readIf = (directory: string, name: string): string =>
  existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8') : '';
