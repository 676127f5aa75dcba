// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
// What an export carries exactly, an import of its files reads as the same.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { exportTools } from '../../src/cli/context/definition.ts';
import { SPEC_FIELDS } from '../../src/config/schema/change-classes.ts';
import type { Command, ServiceSpec } from '../../src/core/spec.ts';
import { EXPORT_TOOLS } from '../../src/export/export-project.ts';
import { quoteWord, wordsOf } from '../../src/import/text/shell-words.ts';
import { accept } from '../config/loading.ts';
import { FIXTURES } from '../import/fixtures.ts';
import { exported, importedAgain } from './exporting.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

const sources: [name: string, directory: string, file: string][] = [
  ...readdirSync(EXAMPLES).map((name): [string, string, string] => [
    `examples/${name}`,
    join(EXAMPLES, name),
    'procs.yaml',
  ]),
  ...['supervisord', 'systemd', 'process-compose', 'mprocs'].flatMap((tool) =>
    readdirSync(join(FIXTURES, tool)).map((name): [string, string, string] => [
      `${tool}/${name}`,
      join(FIXTURES, tool, name),
      'expected.procs.yaml',
    ]),
  ),
].filter(([, directory, file]) => existsSync(join(directory, file)));

/** What the import cannot know, or writes in its own words: compared by tests of their own. */
const OUTSIDE = new Set([
  'title',
  'description',
  'tags',
  'variants',
  'enabled',
  'log_queue',
  'stderr_queue',
  'env_files',
]);

test('the command line offers every tool', () => {
  expect([...exportTools]).toEqual(EXPORT_TOOLS);
});

describe.each(sources)('%s', (_name, directory, file) => {
  test.each(['supervisord', 'systemd'] as const)('to %s and back', async (tool) => {
    const files = { ...envFilesOf(directory), 'procs.yaml': readFileSync(join(directory, file), 'utf8') };
    const { files: written, findings, config, services } = await exported(tool, files);
    if (services.length === 0) return;
    const text = await importedAgain(written);
    const again = await accept(
      { ...envFilesOf(directory), 'procs.yaml': text },
      { environment: { HOME: '/h', PATH: '/bin' } },
    );
    const prefix = tool === 'systemd' ? `${config.project}-` : '';
    const exactOnes = findings.filter(({ outcome, path }) => outcome === 'exactly' && path.startsWith('services.'));
    expect(exactOnes.length).toBeGreaterThan(0);
    for (const { path } of exactOnes) {
      const [, name, key] = path.split('.') as [string, string, string];
      if (OUTSIDE.has(key) || (tool === 'systemd' && key === 'start')) continue; // the target has it
      // A shell in front sets variables: export-command.test.ts runs such lines.
      if ((key === 'command' || key === 'env') && Object.values(written).some((unit) => isWrapped(unit, name)))
        continue;
      const before = config.services.find((one) => one.name === name)!;
      const after = again.services.find((one) => one.name === `${prefix}${name}`);
      if (!after) throw new Error(`${name} is missing in\n${text}`);
      expect(partOf(after, key, prefix), `${path}\n${Object.values(written).join('\n')}\n${text}`).toEqual(
        partOf(before, key, ''),
      );
    }
  });
});

function envFilesOf(directory: string): Record<string, string> {
  const names = ['.env', '.env.local', 'env.db', 'app.env', 'db.env', 'web.env', 'api/.env', 'config/app.env'];
  return Object.fromEntries(
    names
      .filter((name) => existsSync(join(directory, name)))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

/** In the section or unit of the service. */
const isWrapped = (text: string, name: string): boolean =>
  text
    .split(/\n(?=\[program:)/)
    .some(
      (part) =>
        / && exec /.test(part) &&
        (part.includes(`[program:${name}]`) || part.includes(`Description=${name} of`) || !part.includes('[program:')),
    );

function partOf(spec: ServiceSpec, key: string, prefix: string): unknown {
  if (key === 'command') return textOfCommand(spec.command, spec.pool);
  if (key === 'env') return Object.fromEntries(Object.entries(spec.env).filter(([name]) => name !== 'PORT'));
  if (key === 'depends_on')
    return spec.dependsOn.map(({ service, condition }) => `${service.slice(prefix.length)} ${condition}`).sort();
  // How often is another key; one instance needs no number.
  if (key === 'port') return spec.port ?? Number(spec.env.PORT);
  if (key === 'stop') return { ...spec.stop, command: spec.stop.command && textOfCommand(spec.stop.command) };
  // The first run after the first interval is OnActiveSec= as well.
  if (key === 'schedule') return { ...spec.schedule, atStart: null };
  if (key === 'restart') return spec.restart.policy;
  const fields = Object.entries(SPEC_FIELDS).filter(([, field]) => field.key === key);
  return fields.map(([field]) => spec[field as keyof ServiceSpec]);
}

/** Its words as a shell reads them; the program without its directory, and the first instance. */
function textOfCommand(command: Command, pool = 1): string {
  const text =
    command.kind === 'shell'
      ? command.line.trim().replace(/^\/bin\/sh -c '([^']*)'$/, '$1')
      : textOfWords(command.argv.map((word) => word.replaceAll('$$', '$')));
  const numbered = text.replaceAll('${ORCH_INSTANCE}', '1').replaceAll('${ORCH_POOL_SIZE}', String(pool));
  return wordsOf(numbered)
    .join(' ')
    .replace(/^\/bin\//, '');
}

const textOfWords = (words: string[]): string =>
  words[0] === '/bin/sh' && words[1] === '-c' ? words[2]!.trim() : words.map(quoteWord).join(' ');
