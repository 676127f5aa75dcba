// Strings as YAML: a printed string, plain or in quotes, is read as the same string.
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { printText } from '../../src/config/print-yaml.ts';
import { SourceFile } from '../../src/config/problem/source-file.ts';
import { childOf } from '../../src/config/tree/tree.ts';
import { parseYaml } from '../../src/config/yaml/parse-yaml.ts';

const odd =
  '.5 .5e3 .0 .1.2 .5a . .. ... ./a .env .inf .INF -.inf .NaN +1 -1 0x1 0o7 1_000 1e3 e3 1e ~ null Null NULL true yes No y n on 2001-01-01 12:30 12:30:45 10s 64MiB 1B 007 << = ? - --- % @a `a !a &a *a #a a#b _ __';

test.for(
  odd
    .split(' ')
    .concat('', ' ', 'a b', 'a .5', '.5 a', 'a: b', 'a #b', '2001-01-01 10:00:00', '8 a', "it's", '"q"', 'a\nb'),
)('%o', async (text) => {
  const yaml = `services: {}\n${printText(text)}: ${printText(text)}\nlist: [${printText(text)}]\n`;
  expect(parse(yaml)).toMatchObject({ [text]: text, list: [text] });
  const { tree, problems } = await parseYaml(new SourceFile('/project/procs.yaml', 'procs.yaml', yaml), 'base');
  expect(problems).toEqual([]);
  expect(childOf(tree!, text)).toMatchObject({ kind: 'scalar', value: text });
});
