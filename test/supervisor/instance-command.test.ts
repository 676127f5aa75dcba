// Commands that run for an instance always answer; the secrets of commands and starts.
import { expect, onTestFinished, test, vi } from 'vitest';
import { readSecrets } from '../../src/launch/environment.ts';
import { secretFileReader } from '../../src/os/secrets/secret-file.ts';
import { prepareCommand } from '../../src/supervisor/instances/instance-command.ts';
import { spec as specOf } from '../core/fixtures.ts';

const CONTEXT = { project: 'p', env: null, root: '/', inherited: {}, portOf: () => undefined };

test('a command with secrets reports an error of its start as its outcome', async () => {
  const spec = specOf('api', { env: { TOKEN: { secret: '/no/such/file' } }, cwd: '$' + '{NO_SUCH_VARIABLE}' });
  const run = prepareCommand({ spec, index: 1, command: { kind: 'argv', argv: ['true'] }, extra: {} }, CONTEXT);
  expect(await run().outcome).toEqual({ ok: false, because: expect.stringContaining('NO_SUCH_VARIABLE') });
});

test('the secrets of one start are read at the same time, and the first that is missing is named', async () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const reading = vi.spyOn(secretFileReader, 'read').mockImplementation((path) => {
    asked.push(path);
    return new Promise((resolve) => {
      answers.push(() =>
        resolve(path === '/b' ? { ok: true, text: 'b' } : { ok: false, errno: 'EIO', because: 'is not' }),
      );
    });
  });
  onTestFinished(() => reading.mockRestore());
  const spec = specOf('api', { env: { A: { secret: '/a' }, B: { secret: '/b' }, PLAIN: 'x', C: { secret: '/c' } } });
  const secrets = readSecrets(spec, 1, CONTEXT);
  expect(asked).toEqual(['/a', '/b', '/c']);
  for (const answer of answers.reverse()) answer();
  expect(await secrets).toMatchObject({ values: { B: 'b' }, missing: { detail: expect.stringContaining('secret A') } });
});

test('the reason of a failure is without the values of declared variables with the name of a secret', async () => {
  const spec = specOf('api', { env: { DB_PASSWORD: 'canary', PLAIN: 'shown' } });
  const command = { kind: 'shell', line: 'echo "$DB_PASSWORD is wrong for $PLAIN" >&2; exit 1' } as const;
  const run = prepareCommand({ spec, index: 1, command, extra: {} }, CONTEXT);
  expect(await run().outcome).toEqual({ ok: false, because: 'exit code 1: *** is wrong for shown' });
});
