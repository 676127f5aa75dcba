// What of a compose file becomes a valid procs.yaml, and what is listed as not taken over.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of compose files
import { expect, test } from 'vitest';
import { draftFromCompose } from '../../src/cli/init/compose.ts';
import { printDraft } from '../../src/cli/init/write-draft.ts';
import { accept } from '../config/loading.ts';

async function initFrom(compose: string, files: Record<string, string> = {}, environment: Record<string, string> = {}) {
  const draft = draftFromCompose(compose, 'compose.yaml');
  const text = printDraft('project', draft!, null);
  const { services } = await accept({ 'procs.yaml': text, ...files }, { environment });
  return { services, notTakenOver: draft!.notTakenOver };
}

test('an optional env file', async () => {
  const { services } = await initFrom(
    'services: { web: { command: [a], env_file: [{ path: ./no.env, required: false }, { path: a.env }, b.env] } }',
    { 'a.env': 'A=1', 'b.env': 'B=2' },
  );
  expect(services[0]!.env).toEqual({ A: '1', B: '2' });
});

test('the path of an env file may hold a variable of compose', async () => {
  const file = 'services: { web: { command: [a], env_file: "$STAGE.env" } }';
  const { services } = await initFrom(file, { 'x.env': 'A=1' }, { STAGE: 'x' });
  expect(services[0]!.env).toEqual({ A: '1' });
});

test('variables that orch sets itself and invalid names are left out and listed', async () => {
  const { services, notTakenOver } = await initFrom(
    'services: { web: { command: [a], environment: { ORCH_ENV: x, "a b": c, A: "1", "null": d } } }',
  );
  expect(services[0]!.env).toEqual({ A: '1', null: 'd' });
  expect(notTakenOver).toEqual([
    'web.environment.ORCH_ENV: orch sets it for every instance',
    'web.environment.a b: it is not a valid name of a variable',
  ]);
});

test.for([
  ['${B:+x}', '${B:+x}', true],
  ['${B+x}', '${B+x}', true],
  ['a${A}${B:+x}$$', 'a${A}${B:+x}$', true],
  ['${B', '${B', true],
  ['${N-one}', 'one', false],
  ['${N:-${M-two}}', 'two', false],
  ['$A', 'a', false],
  ['${A?must be there}', 'a', false],
  ['$$A', '$A', false],
] as const)('the variable %s', async ([written, value, isLost]) => {
  const compose = JSON.stringify({ services: { web: { command: ['a', written], environment: { V: written } } } });
  const { services, notTakenOver } = await initFrom(compose, {}, { A: 'a' });
  const escaped = value.replaceAll('$', '$$$$');
  expect(services[0]).toMatchObject({ command: { argv: ['a', escaped] }, env: { V: escaped } });
  expect(notTakenOver).toEqual(
    isLost
      ? ['web.command', 'web.environment.V'].map(
          (key) => `${key}: taken literally: only \${NAME}, \${NAME:-default} and \${NAME:?message} are expanded`,
        )
      : [],
  );
});
