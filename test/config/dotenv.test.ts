// Env files line by line: line ends of any kind, comments after values, and the messages for invalid lines.
import { expect, test } from 'vitest';
import { parseDotenv } from '../../src/config/files/dotenv.ts';
import { SourceFile } from '../../src/config/problem/source-file.ts';

function read(text: string) {
  const { entries, problems } = parseDotenv(new SourceFile('/project/.env', '.env', text));
  return { variables: Object.fromEntries(entries.map(({ name, value }) => [name, value])), problems };
}

test.for([
  ['# a comment\n  # another\nA=b\n\n', { A: 'b' }],
  ['A=b # inline\nB=c\n', { A: 'b', B: 'c' }],
  ['A="q" # after\nB=\'s\'# after\nC=`t`\n', { A: 'q', B: 's', C: 't' }],
  ['A=#\nB= # only a comment\nC=a#b\n', { A: '', B: '', C: 'a#b' }],
  ['A="one\ntwo" # after\nB=c', { A: 'one\ntwo', B: 'c' }],
] as [string, Record<string, string>][])('%o, whatever ends its lines', ([text, variables]) => {
  expect(read(text)).toEqual({ variables, problems: [] });
  expect(read(text.replaceAll('\n', '\r\n'))).toEqual({ variables, problems: [] });
});

test.for(['\r', '\u2028', '\u2029'])('a %o within a comment belongs to the comment', (character) => {
  const text = `# a${character}b\nA=b # c${character}d\nB="q" # e${character}f\n`;
  expect(read(text)).toEqual({ variables: { A: 'b', B: 'q' }, problems: [] });
});
