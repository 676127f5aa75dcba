// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of procs.yaml
// What an export carries exactly, an import of its files reads as the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { SPEC_FIELDS } from '../../src/config/schema/change-classes.ts';
import type { Command, ServiceSpec } from '../../src/core/spec.ts';
import { quoteWord, wordsOf } from '../../src/import/text/shell-words.ts';
import { accept } from '../config/loading.ts';
import { exported, importedAgain } from './exporting.ts';
import { envFilesOf, exportSources } from './sources.ts';

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

const TOOLS = ['compose', 'supervisord', 'systemd'] as const;
/** The target of systemd says it; a container counts as up when it runs, which no key says. */
const ELSEWHERE: Record<(typeof TOOLS)[number], string[]> = {
  compose: ['ready_after'],
  supervisord: [],
  systemd: ['start'],
};

const counts = { compose: 0, supervisord: 0, systemd: 0 };
afterAll(() => {
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(150);
});

describe.each(exportSources)('%s', (_name, directory, file) => {
  test.each(TOOLS)('to %s and back', async (tool) => {
    const files = { ...envFilesOf(directory), 'procs.yaml': readFileSync(join(directory, file), 'utf8') };
    const { files: written, findings, config, services } = await exported(tool, files, { images: { '': 'node:22' } });
    if (services.length === 0) return;
    const text = await importedAgain(written);
    const asked = Object.fromEntries([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => [name!, 'given']));
    const again = await accept(
      { ...envFilesOf(directory), 'procs.yaml': text },
      { environment: { HOME: '/h', PATH: '/bin', ...asked } },
    );
    const prefix = tool === 'systemd' ? `${config.project}-` : '';
    const exactOnes = findings.filter(({ outcome, path }) => outcome === 'exactly' && path.startsWith('services.'));
    counts[tool] += exactOnes.length;
    for (const { path } of exactOnes) {
      const [, name, key] = path.split('.') as [string, string, string];
      if (OUTSIDE.has(key) || ELSEWHERE[tool].includes(key)) continue;
      // A shell in front sets variables: export-command.test.ts runs such lines.
      if ((key === 'command' || key === 'env') && Object.values(written).some((unit) => isWrapped(unit, name)))
        continue;
      const before = config.services.find((one) => one.name === name)!;
      const names = tool === 'compose' ? [name, `${name}-1`] : [`${prefix}${name}`];
      const after = again.services.find((one) => names.includes(one.name));
      if (!after) throw new Error(`${name} is missing in\n${text}`);
      // For a program of the image, which this machine need not have.
      if (tool === 'compose' && textOfCommand(after.command).startsWith('docker compose')) continue;
      // curl is a check of orch's own as well.
      if (tool === 'compose' && key === 'readiness' && JSON.stringify(before.readiness).includes('"line":"curl'))
        continue;
      const ofOne = (spec: ServiceSpec) => (tool === 'compose' && before.pool > 1 ? firstInstance(spec) : spec);
      expect(partOf(ofOne(after), key, prefix), `${path}\n${Object.values(written).join('\n')}\n${text}`).toEqual(
        partOf(ofOne(before), key, ''),
      );
    }
  });
});

/** In the section or unit of the service. */
const isWrapped = (text: string, name: string): boolean =>
  text
    .split(/\n(?=\[program:)/)
    .some(
      (part) =>
        / && exec /.test(part) &&
        (part.includes(`[program:${name}]`) || part.includes(`Description=${name} of`) || !part.includes('[program:')),
    );

/** docker compose gets a service for each instance, which is named `api.1`. */
function firstInstance(spec: ServiceSpec): ServiceSpec {
  const text = JSON.stringify(spec)
    .replace(/\$?\$\{PORT\}/g, String(spec.port))
    .replace(/\$?\$\{ORCH_INSTANCE\}/g, '1')
    .replace(/\$?\$\{ORCH_INDEX\}/g, '0');
  return JSON.parse(text);
}

const cronText = (cron: string): string => {
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  const numbers = cron.replace(/[a-z]{3}/g, (day) => String(days.indexOf(day)));
  return numbers.split(' ').length === 6 ? numbers.replace(/^0 /, '') : numbers;
};

function partOf(spec: ServiceSpec, key: string, prefix: string): unknown {
  if (key === 'command') return textOfCommand(spec.command, spec.pool);
  if (key === 'env') return Object.fromEntries(Object.entries(spec.env).filter(([name]) => name !== 'PORT'));
  if (key === 'depends_on')
    return [
      ...new Set(
        // `api-2` is an instance of `api`.
        spec.dependsOn.map(
          ({ service, condition }) => `${service.slice(prefix.length).replace(/-\d$/, '')} ${condition}`,
        ),
      ),
    ].sort();
  // How often is another key; one instance needs no number.
  if (key === 'port') return spec.port ?? Number(spec.env.PORT);
  if (key === 'stop') return { ...spec.stop, command: spec.stop.command && textOfCommand(spec.stop.command) };
  // The first run after the first interval is OnActiveSec= as well.
  if (key === 'schedule' && spec.schedule && 'cron' in spec.schedule)
    return { ...spec.schedule, cron: cronText(spec.schedule.cron), atStart: null };
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
    .replace(/^(?:exec )?(?:\/bin\/)?/, '');
}

const textOfWords = (words: string[]): string =>
  words[0] === '/bin/sh' && words[1] === '-c' ? words[2]!.trim() : words.map(quoteWord).join(' ');
