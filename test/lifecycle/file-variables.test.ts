// `vars` and `env_files: { inherit: false }` with real processes.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';

test('an edit of a variable restarts what uses it; programs get neither it nor env files that they do not inherit', async () => {
  const print =
    'command: [sh, -c, \'echo "$$ORCH_SERVICE: $$GREETING, $${WORD-unset}, $${SHARED-unset}"; exec sleep 1000\']';
  const project = createProject({
    'procs.yaml': `
vars: { WORD: hello }
env_files: [.env]
services:
  greeter: { ${print}, env: { GREETING: "\${WORD}" } }
  alone: { ${print}, env: { GREETING: none }, env_files: { inherit: false } }
`,
    '.env': 'SHARED=yes\n',
    'procs.loud.yaml': 'vars: { WORD: HELLO }\n',
  });
  await project.up();
  const before = incarnations(project.instances());
  const logs = async (name: string) => (await project.mustOrch(['logs', '--raw', name])).stdout;
  expect(await logs('greeter')).toBe('greeter: hello, unset, yes\n');
  expect(await logs('alone')).toBe('alone: none, unset, unset\n');
  const plan = await project.orch(['plan', '-e', 'loud', '--json']);
  expect(plan.stdout).toContain('"HELLO"');
  project.write('procs.yaml', project.read('procs.yaml').replace('WORD: hello', 'WORD: bye'));
  await project.mustOrch(['wait', '--timeout', '20s']);
  expect(await logs('greeter')).toBe('greeter: hello, unset, yes\ngreeter: bye, unset, yes\n');
  expect(incarnations(project.instances())['alone.1']).toBe(before['alone.1']);
  await project.down();
});
