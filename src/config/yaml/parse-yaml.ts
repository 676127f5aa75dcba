// One YAML file -> tree and problems. Checks the text first (prescan, depth), so that hostile text never reaches the full
// library, which is loaded only where the text needs it.
import type { Problem } from '../../core/load-result.ts';
import { problemAt } from '../problem/problem.ts';
import { type SourceFile, spanAt } from '../problem/source-file.ts';
import { measureDepth } from './depth.ts';
import { readFastYaml } from './fast-yaml.ts';
import type { FileRole, ParsedFile } from './library-yaml.ts';

/** @returns the map of the file; null, with at least one problem, when it has none or is not valid YAML. */
export async function parseYaml(source: SourceFile, role: FileRole = 'base'): Promise<ParsedFile> {
  const problems = prescan(source);
  if (problems.length > 0) return { tree: null, problems };
  const tree = readFastYaml(source);
  if (tree) return { tree, problems };
  const tooDeep = measureDepth(source);
  if (tooDeep.length > 0) return { tree: null, problems: tooDeep };
  const { parseWithLibrary } = await import('./library-yaml.ts');
  return parseWithLibrary(source, role);
}

/** Only the first problems of a kind are reported; the others are counted. */
const MAX_OF_A_KIND = 3;

/** Lines and commas. The parser takes seconds for more; a configuration of ten thousand services has fewer. */
const MAX_PARTS = 50_000;

/** One linear pass over the text, for input that would hurt the parser, or that it would explain badly. */
export function prescan(source: SourceFile): Problem[] {
  const parts = countParts(source.text);
  if (parts > MAX_PARTS) return [tooManyParts(source, parts)];
  const markers = findConflictMarkers(source);
  if (markers.length > 0) return markers;
  return [...findControlCharacters(source), ...findOddIndentation(source)];
}

function countParts(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 44) count++;
  }
  return count;
}

function tooManyParts(source: SourceFile, parts: number): Problem {
  const message = `the file has ${parts.toLocaleString('en')} lines and list items; at most ${MAX_PARTS.toLocaleString('en')} are read`;
  return problemAt(spanAt(source, 0), { code: 'too-many-values', message, hint: 'is this the right file?' });
}

/** `<<<<<<< HEAD` … `=======` … `>>>>>>> branch` at the start of lines. One problem for each start. */
function findConflictMarkers(source: SourceFile): Problem[] {
  const places = [...source.text.matchAll(/^(?:<{7}|>{7}|\|{7})(?: .*)?$|^={7}$/gm)];
  const starts = places.filter((match) => match[0].startsWith('<'));
  const named = starts.length > 0 ? starts : places.length > 1 ? places.slice(0, 1) : [];
  return limitProblems(named, (match) =>
    problemAt(spanAt(source, match.index, match.index + match[0].trimEnd().length), {
      code: 'merge-conflict',
      message: 'a merge conflict was left unresolved here',
      hint: 'keep one side, and remove the lines <<<<<<<, ======= and >>>>>>>',
    }),
  );
}

function findControlCharacters(source: SourceFile): Problem[] {
  return limitProblems([...source.text.matchAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g)], (match) => {
    const code = match[0].charCodeAt(0);
    const name =
      code === 0 ? 'a NUL character' : `the control character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    return problemAt(spanAt(source, match.index, match.index + 1), {
      code: 'control-character',
      message: `${name} is in the file`,
      hint: code === 0 ? 'is this a text file?' : 'remove it, or write it as an escape within double quotes',
    });
  });
}

/** Characters that look like spaces: YAML counts only U+0020 as indentation, and takes others for text. */
const ODD_SPACES: Record<string, string> = {
  '\u00a0': 'a no-break space (U+00A0)',
  '\u2002': 'an en space (U+2002)',
  '\u2003': 'an em space (U+2003)',
  '\u2007': 'a figure space (U+2007)',
  '\u2009': 'a thin space (U+2009)',
  '\u200b': 'a zero-width space (U+200B)',
  '\u202f': 'a narrow no-break space (U+202F)',
  '\u2060': 'a word joiner (U+2060)',
  '\u3000': 'an ideographic space (U+3000)',
  '\ufeff': 'a byte order mark (U+FEFF)',
};

function findOddIndentation(source: SourceFile): Problem[] {
  const pattern = /^[ \t-]*([\u00a0\u2002\u2003\u2007\u2009\u200b\u202f\u2060\u3000\ufeff]+)/gm;
  return limitProblems([...source.text.matchAll(pattern)], (match) => {
    const start = match.index + match[0].length - match[1]!.length;
    const message = `${ODD_SPACES[match[1]![0]!]} found in the indentation`;
    const hint = 'replace it with plain spaces';
    return problemAt(spanAt(source, start, start + match[1]!.length), { code: 'odd-space', message, hint });
  });
}

function limitProblems<T>(found: T[], toProblem: (found: T) => Problem): Problem[] {
  const problems = found.slice(0, MAX_OF_A_KIND).map(toProblem);
  const last = problems.at(-1);
  const more = found.length - problems.length;
  if (last && more > 0) last.message += ` (and at ${more} more ${more === 1 ? 'place' : 'places'})`;
  return problems;
}
