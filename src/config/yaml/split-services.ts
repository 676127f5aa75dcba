// procs.yaml as text: the lines of each service, and everything else. For plain block style only; knows nothing of values.

export type SplitFile = {
  /** Up to and with the line `services:`. */
  before: string;
  /** Name -> its lines, with the comments and blank lines after them, in the order of the file. */
  blocks: Map<string, string>;
  after: string;
};

const SERVICES = /^services:[ ]*(?:#.*)?\r?$/;
const NAME = /^([a-z0-9][a-z0-9_-]{0,62}):[ ]*(?:#.*)?\r?$/;
const IGNORED = /^[ ]*(?:#.*)?\r?$/;

/** @returns null where the text is written in another way */
export function splitServices(text: string): SplitFile | null {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => SERVICES.test(line));
  if (first < 0) return null;
  const end = endOfSection(lines, first + 1);
  const blocks = splitBlocks(lines, first + 1, end);
  if (blocks === null || lines.slice(end).some((line) => line.startsWith('services'))) return null;
  const isLast = end === lines.length;
  return {
    before: `${lines.slice(0, first + 1).join('\n')}\n`,
    blocks,
    after: isLast ? '' : lines.slice(end).join('\n'),
  };
}

/** The first line that belongs to another key. */
function endOfSection(lines: string[], from: number): number {
  for (let at = from; at < lines.length; at++) if (isContent(lines[at]!) && indentOf(lines[at]!) === 0) return at;
  return lines.length;
}

function splitBlocks(lines: string[], from: number, end: number): Map<string, string> | null {
  const blocks = new Map<string, string>();
  const firstLine = lines.slice(from, end).find(isContent);
  const indent = firstLine === undefined ? 0 : indentOf(firstLine);
  if (indent === 0) return null;
  let [name, start]: [string | null, number] = [null, from];
  for (let at = from; at <= end; at++) {
    const line = lines[at];
    if (at < end && (!isContent(line!) || indentOf(line!) > indent)) continue;
    if (name !== null) blocks.set(name, `${lines.slice(start, at).join('\n')}\n`);
    if (at === end) break;
    // What comes before the first name is a comment, and belongs to it.
    const next = indentOf(line!) === indent ? NAME.exec(line!.slice(indent))?.[1] : undefined;
    if (next === undefined || blocks.has(next)) return null;
    [start, name] = [name === null ? start : at, next];
  }
  return blocks;
}

const isContent = (line: string): boolean => !IGNORED.test(line);

function indentOf(line: string): number {
  let at = 0;
  while (line.charCodeAt(at) === 32) at++;
  return at;
}
