// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
// `orch import` as a command: what it writes and refuses, and what a script that it evaluates may not do.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createProject } from '../rig/project.ts';

const PROCFILE = { Procfile: 'web: node web.js\n' };

test('prints the file, and the report on stderr', async () => {
  const { stdout, stderr } = await createProject(PROCFILE).mustOrch(['import', 'Procfile']);
  expect(stdout).toContain('  web:\n    command: node web.js\n');
  expect(stderr).toMatch(/^2 keys: 2 exactly/);
});

test('--write overwrites nothing without --force', async () => {
  const project = createProject({ ...PROCFILE, 'procs.yaml': 'services: {}\n' });
  const refused = await project.orch(['import', '--write', 'Procfile']);
  expect(refused).toMatchObject({
    exitCode: 2,
    stderr: 'error: procs.yaml already exists\nhint: --force overwrites it\n',
  });
  expect(project.read('procs.yaml')).toContain('services: {}');
  await project.mustOrch(['import', '--write', '--force', 'Procfile']);
  expect(project.read('procs.yaml')).toContain('web:');
});

test('--json has files and findings', async () => {
  const project = createProject({ 'mprocs.yaml': 'procs:\n  a: { shell: x, frob: 1 }\n' });
  const result = JSON.parse((await project.mustOrch(['import', '--json', 'mprocs.yaml'])).stdout);
  expect(result).toMatchObject({ formats: ['mprocs'], services: ['a'] });
  expect(result.files['procs.yaml']).toContain('command: x');
  expect(result.findings).toContainEqual({
    ...{ path: 'procs.a.frob', file: 'mprocs.yaml', line: 2, outcome: 'not carried' },
    reason: 'orch import does not know this key',
  });
});

test('environments of pm2 become overlays next to the file', async () => {
  const project = createProject({
    'pm2.json': JSON.stringify({ apps: [{ name: 'a', script: 'a.js', env: { X: 1 }, env_production: { X: 2 } }] }),
  });
  expect((await project.mustOrch(['import', 'pm2.json'])).stderr).toContain(
    'hint: --write also writes procs.production.yaml',
  );
  await project.mustOrch(['import', '-o', 'orch.yaml', 'pm2.json']);
  expect(project.read('orch.production.yaml')).toContain('env: { X: "2" }');
  const { stdout } = await project.mustOrch(['-f', 'orch.yaml', '-e', 'production', 'config', '--json']);
  expect(JSON.parse(stdout).services.a.env).toEqual({ X: '2' });
});

test('paths are relative to the result', async () => {
  const project = createProject({ 'deploy/Procfile': 'web: node web.js\n', 'deploy/.env': 'A=1\n' });
  const { stdout } = await project.mustOrch(['import', 'deploy/Procfile']);
  expect(stdout).toContain('env_files: [?deploy/.env]');
  expect(stdout).toContain('cwd: deploy\n');
});

test('a file that cannot be read or belongs to no tool', async () => {
  const project = createProject({ 'notes.txt': 'nothing\n', 'process-compose.yaml': 'processes: {\n' });
  expect((await project.orch(['import', 'no.yaml'])).exitCode).toBe(2);
  expect((await project.orch(['import', 'notes.txt'])).stderr).toContain('name it with --from');
  expect((await project.orch(['import', 'process-compose.yaml'])).stderr).toMatch(/^error: process-compose.yaml:2: /);
  expect((await project.orch(['import', '--from', 'forever', 'notes.txt'])).stderr).toContain(
    'hint: one of procfile, ',
  );
});

/** @returns what the script of pm2 leaves behind, and what is printed */
async function evaluate(body: string, files: Record<string, string> = {}) {
  const project = createProject({
    'ecosystem.config.js': `${body}\nmodule.exports = { apps: [{ script: 'a.js' }] };`,
    ...files,
  });
  return { project, outcome: await project.orch(['import', 'ecosystem.config.js']) };
}

test.each([
  ["require('node:fs').writeFileSync('written', '')", 'written'],
  ["require('node:child_process').execSync('touch written')", 'written'],
  ["new (require('node:worker_threads').Worker)('1', { eval: true })", 'written'],
])('a script may not %s', async (body, file) => {
  const { project, outcome } = await evaluate(body);
  expect(outcome.exitCode).toBe(2);
  expect(outcome.stderr).toContain('which an import does not allow');
  expect(project.exists(file)).toBe(false);
});

test('a script reaches no network', async () => {
  let connections = 0;
  const server = createServer(() => connections++).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const { outcome } = await evaluate(`
    const tcp = new (process.binding('tcp_wrap').TCP)(0);
    const request = new (process.binding('tcp_wrap').TCPConnectWrap)();
    tcp.connect(request, '127.0.0.1', ${port});
    require('node:net').connect(${port});`);
  expect(outcome.exitCode).toBe(2);
  expect(connections).toBe(0);
});

test('a script that does not end is ended', async () => {
  const { outcome } = await evaluate('for (;;);');
  expect(outcome).toMatchObject({ exitCode: 2, stderr: 'error: ecosystem.config.js: it does not end within 3 s\n' });
});

test('variables that a script reads are not those of the user', async () => {
  const project = createProject({
    'ecosystem.config.js':
      "module.exports = { apps: [{ script: 'a.js', env: { TOKEN: process.env.TOKEN || 'none' } }] };",
  });
  const { stdout } = await project.mustOrch(['import', 'ecosystem.config.js'], { env: { TOKEN: 'very-secret' } });
  expect(stdout).toContain('env: { TOKEN: "${TOKEN:-none}" }');
});

test('a package with ES modules', async () => {
  const project = createProject({ 'package.json': '{ "type": "module" }' });
  writeFileSync(project.path('ecosystem.config.mjs'), "export default { apps: [{ name: 'a', script: 'a.js' }] };\n");
  writeFileSync(project.path('pm2.config.js'), "module.exports = { apps: [{ name: 'b', script: 'b.js' }] };\n");
  expect((await project.mustOrch(['import', 'ecosystem.config.mjs', 'pm2.config.js'])).stdout).toMatch(
    / {2}a:\n[\s\S]* {2}b:\n/,
  );
});
