// What each configuration of another tool becomes, with its loss report. IMPORT_UPDATE=1 writes the expected files.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countOutcomes, type Finding } from '../../src/import/model/loss-findings.ts';
import { formatReport } from '../../src/import/output/loss-report.ts';
import { load } from '../config/loading.ts';
import { fixtures, type ImportFixture, importFixture } from './fixtures.ts';

const isUpdate = process.env.IMPORT_UPDATE === '1';

describe.each(fixtures)('$tool/$name', (fixture) => {
  test('becomes what is expected', async () => {
    const { files, findings } = await importFixture(fixture);
    for (const [name, text] of Object.entries(files)) expectFile(fixture, `expected.${name}`, text);
    expectFile(fixture, 'expected.report.txt', `${formatReport(findings).join('\n')}\n`);
  });

  test('is valid, alone and with each overlay', async () => {
    const { files } = await importFixture(fixture);
    const environments = Object.keys(files).map((name) => /^procs\.(.+)\.yaml$/.exec(name)?.[1] ?? null);
    for (const env of environments) {
      const result = await load({ ...filesOf(fixture), ...files }, { env, environment: { HOME: '/h', PATH: '/bin' } });
      expect(result.ok ? [] : result.problems).toEqual([]);
    }
  });
});

test('at least 95 % of the keys are carried', async () => {
  const byTool = new Map<string, Finding[]>();
  for (const fixture of fixtures) {
    const { findings } = await importFixture(fixture);
    byTool.set(fixture.tool, [...(byTool.get(fixture.tool) ?? []), ...findings]);
  }
  const all = [...byTool.values()].flat();
  const share = (findings: Finding[]) => 1 - countOutcomes(findings)['not carried'] / findings.length;
  const tools = Object.fromEntries(
    [...byTool].map(([tool, findings]) => [tool, Math.round(share(findings) * 1000) / 10]),
  );
  expect(share(all), JSON.stringify(tools)).toBeGreaterThanOrEqual(0.95);
});

function expectFile({ directory, tool, name }: ImportFixture, file: string, text: string): void {
  const path = join(directory, file);
  if (isUpdate) writeFileSync(path, text);
  const expected = existsSync(path) ? readFileSync(path, 'utf8') : '';
  expect(text, `${tool}/${name}/${file}`).toBe(expected);
}

/** Env files and such, which the result names. */
function filesOf({ directory }: ImportFixture): Record<string, string> {
  const names = ['.env', '.env.local', 'env.db', 'app.env', 'db.env', 'web.env', 'api/.env', 'config/app.env'];
  return Object.fromEntries(
    names
      .filter((name) => existsSync(join(directory, name)))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}
