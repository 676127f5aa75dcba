// TOML text -> source tree, with comments and lines. Pure but for loading the parser.
import type { AST } from 'toml-eslint-parser';
import type { ReadSource, ScalarValue, SourceList, SourceMap, SourceNode } from './source-node.ts';

type TomlReader = { file: string; comments: { line: number; text: string; isAlone: boolean }[] };

export async function readTomlSource(text: string, file: string): Promise<ReadSource> {
  const { parseTOML } = await import('toml-eslint-parser');
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text);
  } catch (error) {
    const { message, lineNumber } = error as Error & { lineNumber?: number };
    return { ok: false, problem: message, line: lineNumber ?? 1 };
  }
  const lines = text.split('\n');
  const reader: TomlReader = {
    file,
    comments: program.comments.map(({ value, loc }) => ({
      line: loc.start.line,
      text: value.replace(/^\s/, '').trimEnd(),
      isAlone: lines[loc.start.line - 1]!.trimStart().startsWith('#'),
    })),
  };
  const root = emptyMap(reader, '', '', 1);
  const [table] = program.body;
  root.comments = takeHead(reader, lines);
  for (const part of table.body) {
    if (part.type === 'TOMLKeyValue') addPair(reader, root, part);
    else addTable(reader, root, part);
  }
  return { ok: true, root };
}

const emptyMap = ({ file }: TomlReader, path: string, key: string, line: number): SourceMap => ({
  kind: 'map',
  path,
  key,
  at: { file, line },
  comments: [],
  entries: [],
});

/** Comments at the top with a blank line below them; `#:schema` is about editors. */
function takeHead(reader: TomlReader, lines: string[]): string[] {
  const head: string[] = [];
  for (let index = 0; index < lines.length && lines[index]!.startsWith('#'); index++) head.push(lines[index]!);
  if (head.length === 0 || (lines[head.length] ?? '').trim() !== '') return [];
  reader.comments = reader.comments.filter(({ line }) => line > head.length);
  return head.filter((line) => !line.startsWith('#:')).map((line) => line.replace(/^#\s?/, ''));
}

/** The comment lines right above, which then belong to the key. */
function takeAbove(reader: TomlReader, line: number): string[] {
  const found: string[] = [];
  for (let above = line - 1; ; above--) {
    const index = reader.comments.findIndex((comment) => comment.isAlone && comment.line === above);
    if (index === -1) return found;
    found.unshift(reader.comments[index]!.text);
    reader.comments.splice(index, 1);
  }
}

function addTable(reader: TomlReader, root: SourceMap, table: AST.TOMLTable): void {
  const line = table.loc.start.line;
  const map = mapAt(reader, root, table.resolvedKey.filter((key) => typeof key === 'string').map(String), line);
  map.at = { file: reader.file, line };
  map.comments.push(...takeAbove(reader, line));
  for (const pair of table.body) addPair(reader, map, pair);
}

function addPair(reader: TomlReader, map: SourceMap, pair: AST.TOMLKeyValue): void {
  const line = pair.loc.start.line;
  const comments = takeAbove(reader, line);
  const keys = pair.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
  const holder = mapAt(reader, map, keys.slice(0, -1), line);
  const key = keys.at(-1)!;
  const node = toNode(reader, pair.value, holder.path === '' ? key : `${holder.path}.${key}`, key);
  const trailing = reader.comments.find((comment) => !comment.isAlone && comment.line === pair.loc.end.line);
  node.comments.push(...comments);
  if (trailing) node.trailing = trailing.text;
  node.at = { file: reader.file, line };
  holder.entries.push(node);
}

function mapAt(reader: TomlReader, root: SourceMap, keys: string[], line: number): SourceMap {
  return keys.reduce((map, key) => {
    const found = map.entries.find((entry) => entry.key === key);
    if (found?.kind === 'map') return found;
    const added = emptyMap(reader, map.path === '' ? key : `${map.path}.${key}`, key, line);
    map.entries.push(added);
    return added;
  }, root);
}

function toNode(reader: TomlReader, value: AST.TOMLContentNode, path: string, key: string): SourceNode {
  const base = { path, key, at: { file: reader.file, line: value.loc.start.line }, comments: [] as string[] };
  if (value.type === 'TOMLInlineTable') {
    const map = emptyMap(reader, path, key, value.loc.start.line);
    for (const pair of value.body) addPair(reader, map, pair);
    return map;
  }
  if (value.type === 'TOMLArray') {
    const items = value.elements.map((item, index) => toNode(reader, item, `${path}[${index}]`, ''));
    return { ...base, kind: 'list', items } as SourceList;
  }
  return { ...base, kind: 'scalar', value: toScalar(value) };
}

const toScalar = ({ value }: AST.TOMLValue): ScalarValue =>
  typeof value === 'object' ? value.toISOString() : typeof value === 'bigint' ? String(value) : value;
