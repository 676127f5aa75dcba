// The README's stack and its commands, run as they stand there, in their order.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createProject, incarnations } from '../rig/project.ts';
import { startCommand } from '../rig/running-command.ts';
import { waitFor } from '../rig/wait-for.ts';

const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);

const stack = blocks('yaml').find((text) => text.includes('services:'))!;
const commands = blocks('sh')
  .flatMap((text) => text.split('\n'))
  .filter((line) => line.startsWith('orch '))
  .map((line) =>
    line
      .replace(/\s+#.*$/, '')
      .split(' ')
      .slice(1),
  );

const files = {
  'procs.yaml': stack,
  'procs.prod.yaml': 'services:\n  api: { pool: 6 }\n',
  'compose.yaml': 'services:\n  web: { command: [nginx] }\n',
  'migrate.js': "console.log('migrated');\n",
  'server.js':
    "require('node:http').createServer((_, answer) => answer.end('ok')).listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));\n",
  'bot.py': 'import time\nwhile True:\n    time.sleep(0.5)\n',
};

/** What ends by itself with another code than 0, and why. */
const expectedExits: Record<string, number> = { plan: 2, '-e prod plan': 2 };
/** Commands that run until they are interrupted, and the output that shows that they work. */
const endless: Record<string, RegExp> = { 'logs -f api': /listening/ };

test('the README has commands and a stack', () => {
  expect(commands.length).toBeGreaterThan(8);
  expect(stack).toContain('pool: 4');
});

test('every command of the README does what it says', async () => {
  const project = createProject(files);
  for (const args of commands) {
    const line = args.join(' ');
    if (line === 'init') continue; // has its own test: it writes only where procs.yaml is missing
    const proof = endless[line];
    if (line === 'attach') {
      const terminal = project.terminal(args);
      await terminal.waitForText('api');
      terminal.type('d');
      expect((await terminal.waitForExit()).exitCode).toBe(0);
    } else if (proof !== undefined) {
      const running = startCommand(project, args);
      await waitFor(`${line} shows ${proof}`, running.output, (seen) => proof.test(seen));
      running.signal('SIGINT');
      await running.exited;
    } else {
      const outcome = await project.orch(args);
      expect([line, outcome.exitCode, outcome.stderr]).toEqual([line, expectedExits[line] ?? 0, expect.any(String)]);
    }
    if (line === 'scale api=8') {
      await waitFor(
        'eight run',
        () => Object.keys(incarnations(project.instances())).filter((id) => id.startsWith('api')),
        (seen) => seen.length === 8,
      );
    }
    if (line === 'stop bot') expect(project.instances().map((one) => one.instance)).not.toContain('bot.1');
  }
  expect(project.processes()).toEqual([]);
});

/** Commands of npm itself. */
const npmsOwn = ['ci', 'link'];

test('the two commands for a fresh clone exist as scripts', () => {
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm (?:run )?(\w+)/g)]
    .map((match) => match[1]!)
    .filter((name) => !npmsOwn.includes(name));
  expect(named).toEqual(expect.arrayContaining(['up', 'test']));
  for (const name of named) expect(Object.keys(scripts)).toContain(name);
});
