// Names that try to steer the terminal: of the project's directory, of files, in arguments. What orch prints is text.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProject } from '../rig/project.ts';

/** Title, clear screen, clipboard, C1 control, right-to-left override, return, backspace. */
const EVIL = 'a\x1b]0;t\x07\x1b[2J\x1b]52;c;eA==\x07\u009b31m\u202e\rb\x08';

const NO_TEXT = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u;

const YAML = `services:
  api: { command: [sleep, "1000"] }
  bad: { command: ["./no\\x1b[2J\\u202e"], restart: never }
`;

test('no command prints a control character, whatever things are called', { timeout: 120_000 }, async () => {
  const project = createProject({});
  const root = join(project.root, EVIL);
  mkdirSync(root);
  const file = `${EVIL}.yaml`;
  writeFileSync(join(root, 'procs.yaml'), YAML);
  writeFileSync(join(root, file), YAML);
  writeFileSync(
    join(root, 'wrong.yaml'),
    `include: ["${file.replace(/[^ -~]/gu, hexOf)}", no-such.yaml]\nservices: {}\n`,
  );
  const offenders: string[] = [];
  const expectText = async (...args: string[]): Promise<void> => {
    const { stdout, stderr } = await project.orch(args, { cwd: root });
    if (NO_TEXT.test(stdout + stderr)) offenders.push(JSON.stringify({ args, stdout, stderr }));
  };
  const around = async (): Promise<void> => {
    for (const command of ['validate', 'config', 'plan', 'ps', 'events', 'logs', 'down', 'upgrade', 'wait'])
      await expectText(command);
    await expectText('config', '--explain');
    await expectText('why', 'bad');
    for (const command of ['why', 'start', 'stop', 'logs', 'attach', EVIL]) await expectText(command, EVIL);
    await expectText('scale', `${EVIL}=2`);
    await expectText('plan', EVIL);
    for (const name of [file, 'wrong.yaml', `no-${file}`, join(EVIL, 'procs.yaml')])
      for (const command of ['validate', 'ps', 'config']) await expectText('-f', name, command);
    await expectText('-e', EVIL, 'validate');
    await expectText('init');
  };
  await around();
  try {
    await expectText('up', '-d', '--wait');
    await expectText('up', '-d', '--wait', EVIL);
    await expectText('-f', file, 'up', '-d');
    await around();
  } finally {
    await project.orch(['down'], { cwd: root });
    await expectText('-f', file, 'down');
  }
  expect(offenders).toEqual([]);
});

const hexOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
