// What this version does not act on is refused with its reason, never silently ignored.
import { expect, test } from 'vitest';
import { SourceFile } from '../../src/config/files/source-file.ts';
import {
  findNotSupported,
  NOT_SUPPORTED_IN_QUEUES,
  NOT_SUPPORTED_IN_SERVICES,
} from '../../src/config/not-supported.ts';
import { parseYaml } from '../../src/config/yaml/parse.ts';

const rows = [
  ...NOT_SUPPORTED_IN_SERVICES.flatMap((row) => [
    { row, place: 'services', name: 'api' },
    { row, place: 'defaults', name: null },
  ]),
  ...NOT_SUPPORTED_IN_QUEUES.map((row) => ({ row, place: 'log_queues', name: 'main' })),
];

test.for(rows)('$place $row.path', async ({ row, place, name }) => {
  const steps = row.path.split('.').map((step) => (step === '*' ? 'any' : step));
  const value = ['true', 'refuse', 'drop_oldest'].find((text) => !row.when || row.when(scalar(text)))!;
  const inner = steps.reduceRight((below, step) => `{ ${step}: ${below} }`, value);
  const { tree } = await parseYaml(
    new SourceFile('procs.yaml', 'procs.yaml', `${place}: ${name === null ? inner : `{ ${name}: ${inner} }`}\n`),
  );
  const [problem, ...more] = findNotSupported(tree!);
  expect(more).toEqual([]);
  expect(problem).toMatchObject({ code: 'not-supported-yet', severity: 'error', line: 1 });
  expect(problem!.message).toContain(
    `\`${[place, name, ...steps].filter(Boolean).join('.')}\` is not supported yet: ${row.because}`,
  );
});

function scalar(text: string) {
  const at = { source: new SourceFile('', '', ''), start: 0, end: 0 };
  return { kind: 'scalar', value: text === 'true' ? true : text, at, style: 'plain' } as const;
}
