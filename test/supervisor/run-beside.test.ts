// What runs beside an instance answers in every case.
import { expect, test } from 'vitest';
import { prepareBeside } from '../../src/supervisor/perform/run-beside.ts';
import { spec as specOf } from '../core/fixtures.ts';

const CONTEXT = { project: 'p', env: null, root: '/', inherited: {} };

test('with secrets: what goes wrong on the way is its outcome', async () => {
  const spec = specOf('api', { env: { TOKEN: { secret: '/no/such/file' } }, cwd: '$' + '{NO_SUCH_VARIABLE}' });
  const run = prepareBeside({ spec, index: 1, command: { kind: 'argv', argv: ['true'] }, extra: {} }, CONTEXT);
  expect(await run().outcome).toEqual({ ok: false, because: expect.stringContaining('NO_SUCH_VARIABLE') });
});
