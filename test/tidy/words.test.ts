// Plain English (docs/style): idioms that read like a translation do not come back. Their number may only shrink.
// `TIDY_UPDATE=1 npx vitest run test/tidy/words.test.ts` lowers the allowed counts to what is there.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commentsIn, read, tracked, withoutComments } from './project-files.ts';

const COUNTS = new URL('./words.json', import.meta.url);
const idioms: Record<string, RegExp> = {
  nobody: /\bnobody\b/gi,
  somebody: /\bsomebody\b/gi,
  whoever: /\bwhoever\b/gi,
  'be had': /\bbe had\b/gi,
  'is no (noun)': /\b(?:is|are|was|were) no (?!longer\b|more\b|other\b|less\b)/gi,
  'the begin': /\bthe begin\b/gi,
  'beside(s)': /\bbesides?\b/gi,
  anew: /\banew\b/gi,
  'goes on': /\b(?:goes|go|went|going) on\b(?! top)/gi,
  'told as': /\btold (?:as|of)\b/gi,
  'by heart': /\bby heart\b/gi,
  // A user is the only "who" of this project; `WHO` is a variable of some tests.
  who: /(?<!\b[Uu]sers? )\b[Ww]hom?\b/g,
  'anybody, everybody': /\b(?:anybody|everybody|someone)\b/gi,
  'so many': /\bso (?:many|much)\b/gi,
  'all the same': /\ball the same\b/gi,
  'is told': /\b(?:is|are|was|were) told\b/gi,
  news: /\bnews\b/gi,
  'hears of': /\b(?:hear|learn)s? of\b/gi,
  wish: /\bwish(?:es)?\b/gi,
  ill: /\bill\b/gi,
  'nothing but': /\bnothing but\b/gi,
  'goes over': /\b(?:goes?|going|went) over\b/gi,
  'held up by': /\bheld up by\b/gi,
  'in the way': /\bin the way\b(?! (?:that|of|in))/gi,
  'for good': /\bfor good\b|(?<!--)\bfor ever\b/gi,
  'made again': /\bmade again\b/gi,
  patience: /\bpatience\b/gi,
  befall: /\bbef[ea]lls?\b/gi,
  'in vain': /\bin vain\b/gi,
  'come about': /\b(?:comes?|came) about\b/gi,
};

const isProse = (path: string): boolean => path.endsWith('.md') && !path.startsWith('test/');
const isCode = (path: string): boolean => /\.(?:[cm]?[jt]sx?)$/.test(path);
/** Fixtures, planted patches and this list itself are no prose of ours. */
const isTest = (path: string): boolean =>
  path.startsWith('test/') && isCode(path) && !/^test\/(?:fixtures|tidy|sim\/planted)\//.test(path);

const places: Record<string, () => string[]> = {
  'src: comments': () => ofSources(commentsIn),
  'src: code and messages': () => ofSources(withoutComments),
  tests: () => tracked.filter(isTest).map(read),
  documents: () => tracked.filter(isProse).map(read),
};

function ofSources(part: (text: string) => string): string[] {
  return tracked.filter((path) => path.startsWith('src/') && isCode(path)).map((path) => part(read(path)));
}

/** The mark of a split line is in log files of every version. */
const WORDS_ON_DISK = /\(line goes on\)/g;

type Counts = Record<string, Record<string, number>>;

function countAll(): Counts {
  return Object.fromEntries(
    Object.entries(places).map(([place, texts]) => [place, countIn(texts().join('\n').replace(WORDS_ON_DISK, ''))]),
  );
}

/** Only idioms that occur. */
function countIn(text: string): Record<string, number> {
  const counts = Object.entries(idioms).map(([name, pattern]) => [name, text.match(pattern)?.length ?? 0] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

test('idioms occur exactly as often as words.json allows; lower a count when one is gone', () => {
  const now = countAll();
  const allowed = JSON.parse(readFileSync(COUNTS, 'utf8')) as Counts;
  const grown = Object.entries(now).flatMap(([place, counts]) =>
    Object.entries(counts)
      .filter(([idiom, count]) => count > (allowed[place]?.[idiom] ?? 0))
      .map(([idiom, count]) => `${place}: "${idiom}" ${count}, allowed ${allowed[place]?.[idiom] ?? 0}`),
  );
  expect(grown).toEqual([]);
  if (process.env.TIDY_UPDATE === '1') writeFileSync(COUNTS, `${JSON.stringify(now, null, 2)}\n`);
  else expect(now).toEqual(allowed);
});
